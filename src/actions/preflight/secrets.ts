import { DeployError } from '../../errors.ts';
import type { SecretPlace } from '../../ports.ts';
import { checkExecutionRole, questionsFor, type Resolved, roleArn } from '../../preflight/execution-role.ts';
import { isUnseen, type Unseen } from '../../preflight/finding.ts';
import type { PlacedReference, SecretReference } from '../../preflight/secret-reference.ts';
import { checkSecrets, type SecretFacts } from '../../preflight/secrets.ts';
import { onFargate } from './fargate.ts';
import type { Observer } from './look.ts';
import { seen, unseenBy } from './seen.ts';
import type { World } from './world.ts';

type OfSecret = Extract<SecretReference, { kind: 'secret' }>;

export const observeSecrets: Observer = async (world) => {
  const references = await world.references();
  const keys = keysOf(references, world);
  const facts = await Promise.all(references.map((placed) => factsOf(placed.reference, world, keys)));
  return checkSecrets(references.map((placed, index) => ({ ...placed, facts: facts[index] ?? UNKNOWN })));
};

const UNKNOWN: SecretFacts = { there: undefined, keys: undefined };

async function factsOf(
  reference: SecretReference,
  world: World,
  keys: Promise<ReadonlyMap<string, SecretFacts['keys']>>,
): Promise<SecretFacts> {
  if (reference.kind === 'parameter') {
    const found = await seen(world.parameters());
    if (isUnseen(found)) return { there: found, keys: undefined };
    const fact = found.get(reference.name);
    const there =
      fact instanceof DeployError ? unseenOf(fact) : fact && { deletedAt: undefined, versions: new Map() };
    return { there, keys: undefined };
  }
  const [there, known] = await Promise.all([seen(world.secret(reference.secret)), keys]);
  return { there, keys: known.get(placeKey(placeOf(reference))) };
}

/** The members of all values of which one is asked for, in one question. */
async function keysOf(
  references: readonly PlacedReference[],
  { ports }: World,
): Promise<ReadonlyMap<string, SecretFacts['keys']>> {
  const places = new Map(
    references.flatMap(({ reference }) => {
      if (reference.kind !== 'secret' || reference.jsonKey === undefined) return [];
      const place = placeOf(reference);
      return [[placeKey(place), place] as const];
    }),
  );
  if (places.size === 0) return new Map();
  const answers = await seen((await ports.secrets()).jsonKeys([...places.values()]));
  return new Map(
    [...places.keys()].map((key, index) => {
      const answer = isUnseen(answers) ? answers : answers[index];
      return [key, answer instanceof DeployError ? unseenOf(answer) : answer];
    }),
  );
}

/** Every error of a place is one that AWS gave of it. */
function unseenOf(error: DeployError): Unseen {
  const why = unseenBy(error);
  if (!why) throw error;
  return why;
}

const placeOf = ({ secret, stage, version }: OfSecret): SecretPlace => ({
  secret,
  ...(stage !== undefined && { stage }),
  ...(version !== undefined && { version }),
});
const placeKey = ({ secret, stage, version }: SecretPlace): string =>
  JSON.stringify([secret, stage, version]);

export const observeExecutionRole: Observer = async (world) => {
  const [{ definition }, references, tasks, { arn }] = await Promise.all([
    world.definition(),
    world.references(),
    world.tasks(),
    world.service(),
  ]);
  const known = new Map<PlacedReference, Resolved>(
    (await Promise.all(references.map((placed) => resolved(placed, world)))).flat(),
  );
  const [, partition = 'aws', , region = '', account = ''] = arn.split(':');
  const home = { partition, region, account };
  const fargate = onFargate(tasks.placement, definition);
  const questions = questionsFor(definition, references, (placed) => known.get(placed), home, fargate);
  const named = definition['executionRoleArn'];
  const role = typeof named === 'string' && named !== '' ? roleArn(named, home) : undefined;
  if (role === undefined) return checkExecutionRole({ role, questions, answers: undefined });
  const access = await world.ports.access();
  const answers = await seen(access.simulate(role, questions));
  return checkExecutionRole({ role, questions, answers });
};

/** What could not be looked at is asked for by what the definition says of it. */
async function resolved(
  placed: PlacedReference,
  world: World,
): Promise<readonly (readonly [PlacedReference, Resolved])[]> {
  const { reference } = placed;
  if (reference.kind === 'secret') {
    const secret = await seen(world.secret(reference.secret));
    return secret && !isUnseen(secret) ? [[placed, { arn: secret.arn, kmsKey: secret.kmsKey }]] : [];
  }
  const parameters = await seen(world.parameters());
  const fact = isUnseen(parameters) ? undefined : parameters.get(reference.name);
  return fact && !(fact instanceof DeployError) ? [[placed, { arn: fact.arn, kmsKey: undefined }]] : [];
}
