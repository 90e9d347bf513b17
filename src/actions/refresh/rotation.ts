import { DeployError } from '../../errors.ts';
import type { Parameters, Secrets } from '../../ports.ts';
import { secretReferences } from '../../preflight/references.ts';
import type { PlacedReference } from '../../preflight/secret-reference.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { printable } from '../../taskdef/shape.ts';

/** What tells when values changed; each is loaded only where something of its kind is referred to. */
export interface Vaults {
  secrets(): Promise<Pick<Secrets, 'describe'>>;
  parameters(): Promise<Pick<Parameters, 'facts'>>;
}

/** A value that tasks got at their start, where the definition refers to it. */
interface Value {
  readonly place: string;
  /** ms; undefined where AWS does not say. */
  readonly changedAt: number | undefined;
}

/**
 * Looks for what has changed of a definition's secrets and parameters since its tasks were made.
 *
 * @param since when the oldest task was made, ms
 * @returns places of values that have changed, or may have
 * @throws DeployError where one is not there, or may not be looked at: tasks that start now could not get it
 */
export async function changedSince(
  definition: TaskDefinition,
  since: number,
  vaults: Vaults,
): Promise<readonly string[]> {
  const values = await valuesOf(definition, vaults);
  return values
    .filter(({ changedAt }) => changedAt === undefined || changedAt > since)
    .map(({ place }) => printable(place));
}

async function valuesOf(definition: TaskDefinition, vaults: Vaults): Promise<readonly Value[]> {
  const references = secretReferences(withoutRegistries(definition)).filter(
    // A version that is named never becomes another one.
    ({ reference }) => reference.kind === 'parameter' || reference.version === undefined,
  );
  const [secrets, parameters] = await Promise.all([
    ofSecrets(references, vaults),
    ofParameters(references, vaults),
  ]);
  return [...secrets, ...parameters];
}

/** Credentials of a registry are for the pull alone: tasks that run do without. */
const withoutRegistries = (definition: TaskDefinition): TaskDefinition => ({
  ...definition,
  containerDefinitions: definition.containerDefinitions.map(
    ({ repositoryCredentials: _, ...container }) =>
      container as TaskDefinition['containerDefinitions'][number],
  ),
});

async function ofSecrets(references: readonly PlacedReference[], vaults: Vaults): Promise<readonly Value[]> {
  const wanted = references.flatMap(({ place, reference }) =>
    reference.kind === 'secret' ? [{ place, id: reference.secret }] : [],
  );
  if (wanted.length === 0) return [];
  const secrets = await vaults.secrets();
  const found = new Map(
    await Promise.all(
      [...new Set(wanted.map(({ id }) => id))].map(async (id) => [id, await secrets.describe(id)] as const),
    ),
  );
  return wanted.map(({ place, id }) => {
    const secret = found.get(id);
    if (!secret || secret.deletedAt !== undefined) throw missing(place, 'secret', id);
    return { place, changedAt: secret.changedAt };
  });
}

async function ofParameters(
  references: readonly PlacedReference[],
  vaults: Vaults,
): Promise<readonly Value[]> {
  const wanted = references.flatMap(({ place, reference }) =>
    reference.kind === 'parameter' ? [{ place, name: reference.name }] : [],
  );
  if (wanted.length === 0) return [];
  const facts = await (await vaults.parameters()).facts([...new Set(wanted.map(({ name }) => name))]);
  return wanted.map(({ place, name }) => {
    const fact = facts.get(name);
    if (fact instanceof DeployError) throw fact;
    if (!fact) throw missing(place, 'parameter', name);
    return { place, changedAt: fact.changedAt };
  });
}

const missing = (place: string, kind: string, id: string): DeployError =>
  new DeployError(`the ${kind} of ${printable(place)} is not there: ${printable(id)}`, {
    state: 'Nothing was changed; the tasks that run have the value that they got at their start.',
    next: `Make the ${kind}, or take it out of the task definition: no task that is started from now on could get it.`,
  });
