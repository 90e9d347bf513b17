import { describe, expect, it } from 'vitest';
import { changedSince } from '../../../src/actions/refresh/rotation.ts';
import { DeployError } from '../../../src/errors.ts';
import type { ParameterFacts, Secret } from '../../../src/ports.ts';
import type { TaskDefinition } from '../../../src/taskdef/definition.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf';
const OTHER = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf';
const SINCE = 1_000;

const definition = (...values: readonly string[]): TaskDefinition => ({
  family: 'web',
  containerDefinitions: [
    { name: 'web', secrets: values.map((valueFrom, index) => ({ name: `S${index}`, valueFrom })) },
  ],
});

const secret = (changedAt: number | undefined, deletedAt?: number): Secret => ({
  arn: ARN,
  name: 'db',
  kmsKey: undefined,
  deletedAt,
  changedAt,
  versions: new Map(),
});
const parameter = (changedAt: number): ParameterFacts => ({ arn: '', secure: true, changedAt });

/** What is asked for beside what is there. */
function vaults(
  secrets: Readonly<Record<string, Secret>>,
  parameters: Readonly<Record<string, ParameterFacts | DeployError>> = {},
) {
  const asked: string[] = [];
  return {
    asked,
    secrets: async () => ({
      async describe(id: string) {
        asked.push(id);
        return secrets[id];
      },
    }),
    parameters: async () => ({
      async facts(names: readonly string[]) {
        asked.push(...names);
        return new Map(Object.entries(parameters));
      },
    }),
  };
}

describe('what has changed since the tasks were started', () => {
  it('is told by the place that refers to it, each value looked at once', async () => {
    const its = vaults({ [ARN]: secret(2_000), [OTHER]: secret(900) }, { '/shop/url': parameter(1_001) });
    const changed = await changedSince(definition(ARN, `${ARN}:password::`, OTHER, '/shop/url'), SINCE, its);
    expect(changed).toEqual(['web: S0', 'web: S1', 'web: S3']);
    expect(its.asked).toEqual([ARN, OTHER, '/shop/url']);
  });

  it('is what AWS does not tell the time of, too', async () => {
    expect(await changedSince(definition(ARN), SINCE, vaults({ [ARN]: secret(undefined) }))).toEqual([
      'web: S0',
    ]);
  });

  it('is nothing of a version that is named, nor of the credentials of a registry', async () => {
    const its = vaults({});
    const pinned = definition(`${ARN}:::11111111-2222-3333-4444-555555555555`);
    const [web] = pinned.containerDefinitions;
    const credentials = { name: 'log', repositoryCredentials: { credentialsParameter: OTHER } };
    const containerDefinitions = [...(web ? [web] : []), credentials];
    expect(await changedSince({ ...pinned, containerDefinitions }, SINCE, its)).toEqual([]);
    expect(its.asked).toEqual([]);
  });

  it.each<[string, ReturnType<typeof vaults>, string, string]>([
    ['a secret that is not there', vaults({}), ARN, 'the secret of web: S0 is not there'],
    ['one that is being deleted', vaults({ [ARN]: secret(900, 950) }), ARN, 'the secret of web: S0'],
    ['a parameter that is not there', vaults({}), '/shop/url', 'the parameter of web: S0 is not there'],
    ['one that may not be read', vaults({}, { '/x': new DeployError('denied') }), '/x', 'denied'],
  ])('is an error for %s', async (_, its, valueFrom, message) => {
    await expect(changedSince(definition(valueFrom), SINCE, its)).rejects.toThrow(message);
  });
});
