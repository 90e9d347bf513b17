import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { placeOf } from '../../src/actions/service-place.ts';

const ECS = 'arn:aws:ecs:eu-west-1:123456789012';
const FAR = 'arn:aws:ecs:us-east-1:123456789012';
const OTHER = 'arn:aws:ecs:eu-west-1:210987654321';

const problemsOf = (cluster: string, service: string, region: string | undefined = 'eu-west-1') =>
  placeOf({ cluster, service }, region).problems.map(({ input, message }) => `${input}: ${message}`);

test.each([
  ['two names', 'prod', 'web', 'prod'],
  ['a cluster by its ARN', `${ECS}:cluster/prod`, 'web', `${ECS}:cluster/prod`],
  // AWS refuses the cluster of another account, and takes any name.
  ['a service by its ARN', 'prod', `${ECS}:service/prod/web`, `${ECS}:cluster/prod`],
  ['both', `${ECS}:cluster/prod`, `${ECS}:service/prod/web`, `${ECS}:cluster/prod`],
  ['an ARN that names no cluster', 'prod', `${ECS}:service/web`, `${ECS}:cluster/prod`],
  ['a service without a cluster', '', `${ECS}:service/prod/web`, ''],
])('%s', (_, cluster, service, asked) => {
  expect(placeOf({ cluster, service }, 'eu-west-1')).toEqual({
    place: { cluster: asked, service: 'web' },
    problems: [],
  });
});

const IN_ACCOUNT = 'arn:aws:ecs:us-east-1:ACCOUNT';
const HERE = 'arn:aws:ecs:eu-west-1:ACCOUNT';
const REGION =
  'is in us-east-1, and this job works in eu-west-1; set AWS_REGION (aws-region of configure-aws-credentials), or give one of eu-west-1';
const BOTH = 'give both of the same service';

test.each([
  [
    'another cluster',
    'staging',
    `${ECS}:service/prod/web`,
    [`service: "${HERE}:service/prod/web" is in the cluster prod, and cluster is "staging"; ${BOTH}`],
  ],
  [
    'another cluster than that of an ARN',
    `${ECS}:cluster/staging`,
    `${ECS}:service/prod/web`,
    [
      `service: "${HERE}:service/prod/web" is in the cluster prod, and cluster is "${HERE}:cluster/staging"; ${BOTH}`,
    ],
  ],
  [
    'another account than the cluster',
    `${OTHER}:cluster/prod`,
    `${ECS}:service/prod/web`,
    [`service: "${HERE}:service/prod/web" is in another account than cluster; ${BOTH}`],
  ],
  [
    'another region than the job',
    'prod',
    `${FAR}:service/prod/web`,
    [`service: "${IN_ACCOUNT}:service/prod/web" ${REGION}`],
  ],
  [
    'both in another region, and another cluster',
    `${FAR}:cluster/staging`,
    `${FAR}:service/prod/web`,
    [
      `cluster: "${IN_ACCOUNT}:cluster/staging" ${REGION}`,
      `service: "${IN_ACCOUNT}:service/prod/web" ${REGION}`,
      `service: "${IN_ACCOUNT}:service/prod/web" is in the cluster prod, and cluster is "${IN_ACCOUNT}:cluster/staging"; ${BOTH}`,
    ],
  ],
])('%s is told', (_, cluster, service, told) => {
  expect(problemsOf(cluster, service)).toEqual(told);
});

it('takes any region where that of the job is not known, but one for both', () => {
  expect(placeOf({ cluster: 'prod', service: `${FAR}:service/prod/web` }, undefined).problems).toEqual([]);
  const { problems } = placeOf(
    { cluster: `${ECS}:cluster/prod`, service: `${FAR}:service/prod/web` },
    undefined,
  );
  expect(problems).toEqual([
    {
      input: 'service',
      message: `"${IN_ACCOUNT}:service/prod/web" is in us-east-1, and cluster is in eu-west-1; ${BOTH}`,
    },
  ]);
});

describe('what neither names one nor is its ARN', () => {
  test.each([
    ['a path', 'prod/web'],
    ['a name with a blank', 'the web'],
    ['a name that is too long', 'w'.repeat(256)],
    ['the ARN of a cluster', `${ECS}:cluster/prod`],
    ['the ARN of a task definition', `${ECS}:task-definition/web:3`],
    ['the ARN of something of another service', 'arn:aws:elasticache:eu-west-1:123456789012:service/web'],
    ['an ARN without a name', `${ECS}:service/prod/`],
    ['an ARN with too many', `${ECS}:service/prod/web/1`],
    ['an ARN whose account was masked', 'arn:aws:ecs:eu-west-1:***:service/prod/web'],
    ['an ARN with a line after it', `${ECS}:service/prod/web\n`],
  ])('%s', (_, service) => {
    const [problem, ...others] = problemsOf('prod', service);
    expect(problem).toMatch(/^service: ".* is neither the name of an ECS service /s);
    expect(problem).not.toContain('123456789012');
    expect(others).toEqual([]);
  });

  it('is told of a cluster as well', () => {
    expect(problemsOf(`${ECS}:service/prod/web`, `${ECS}:service/prod/web`)).toEqual([
      `cluster: "${HERE}:service/prod/web" is neither the name of an ECS cluster (up to 255 letters, digits, hyphens and underscores) nor its ARN, arn:aws:ecs:REGION:ACCOUNT:cluster/NAME`,
    ]);
  });
});

const name = fc.stringMatching(/^[\w-]{1,20}$/);
const region = fc.constantFrom('eu-west-1', 'us-east-1', 'us-gov-west-1');
const account = fc.constantFrom('123456789012', '210987654321');
/** A service in its cluster, region and account. */
const real = fc.record({ cluster: name, service: name, region, account });
type Real = typeof real extends fc.Arbitrary<infer T> ? T : never;
const arn = ({ region, account }: Real, rest: string) => `arn:aws:ecs:${region}:${account}:${rest}`;

it('takes any two ways to name one service, and leads to that one', () => {
  const check = fc.property(real, fc.boolean(), fc.constantFrom('name', 'old', 'new'), (it, byArn, form) => {
    const cluster = byArn ? arn(it, `cluster/${it.cluster}`) : it.cluster;
    const forms = {
      name: it.service,
      old: arn(it, `service/${it.service}`),
      new: arn(it, `service/${it.cluster}/${it.service}`),
    };
    const { place, problems } = placeOf({ cluster, service: forms[form] }, it.region);
    expect(problems).toEqual([]);
    expect(place).toEqual({
      service: it.service,
      cluster: byArn || form !== 'name' ? arn(it, `cluster/${it.cluster}`) : it.cluster,
    });
  });
  fc.assert(check);
});

it('takes no two that are not of one service in the region of the job', () => {
  const check = fc.property(real, real, region, (one, other, job) => {
    const given = {
      cluster: arn(one, `cluster/${one.cluster}`),
      service: arn(other, `service/${other.cluster}/${other.service}`),
    };
    const same =
      one.cluster === other.cluster && one.account === other.account && one.region === other.region;
    expect(placeOf(given, job).problems.length === 0).toBe(same && one.region === job);
  });
  fc.assert(check);
});
