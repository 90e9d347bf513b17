import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { taskDefinitions } from '../../src/aws/task-definitions.ts';
import type { Clock } from '../../src/clock.ts';
import { ConfigError, DeployError } from '../../src/errors.ts';
import type { TaskDefinitions } from '../../src/ports.ts';
import { WEB, WORKER } from '../taskdef/definitions.ts';
import { EcsStandIn, type Fault } from './ecs-stand-in.ts';

const LOST_REQUEST: Fault = { kind: 'lost-request' };
const LOST_ANSWER: Fault = { kind: 'lost-answer' };
const BROKEN: Fault = { kind: 'error', status: 500, name: 'ServerException', message: 'Service is broken.' };
const DENIED: Fault = {
  kind: 'error',
  status: 400,
  name: 'AccessDeniedException',
  message: 'User is not authorized to perform: ecs:RegisterTaskDefinition',
};
const refused = (message: string): Fault => ({
  kind: 'error',
  status: 400,
  name: 'ClientException',
  message,
});

describe('the task definitions of ECS', () => {
  let ecs: EcsStandIn;
  let slept: number;
  let aws: TaskDefinitions;
  let cancel: AbortController;

  beforeEach(async () => {
    ecs = new EcsStandIn();
    vi.stubEnv('AWS_ENDPOINT_URL_ECS', await ecs.start());
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
    slept = 0;
    cancel = new AbortController();
    // Sleeping takes no time; the scale keeps the SDK's own waits under a millisecond or two.
    const clock: Clock = {
      now: () => slept,
      sleep: async (ms) => {
        slept += ms;
      },
      scale: 1000,
    };
    aws = taskDefinitions({ clock, signal: cancel.signal });
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await ecs.stop();
  });

  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const registrations = () => ecs.calls.filter((call) => call === 'RegisterTaskDefinition').length;

  describe('find', () => {
    it('gives what RegisterTaskDefinition would take, tags included', async () => {
      ecs.put({ ...WORKER, tags: [{ key: 'team', value: 'jobs' }] });
      expect(await aws.find('worker')).toEqual({
        arn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/worker:1',
        family: 'worker',
        revision: 1,
        active: true,
        definition: {
          family: 'worker',
          volumes: [],
          containerDefinitions: [
            { name: 'job', image: 'worker:1', memory: 256, cpu: 0, essential: true, mountPoints: [] },
          ],
          tags: [{ key: 'team', value: 'jobs' }],
        },
      });
    });

    it('finds a revision by number and by ARN, also one that was deregistered', async () => {
      ecs.put(WORKER, 'INACTIVE');
      ecs.put(WORKER);
      expect(await aws.find('worker:1')).toMatchObject({ revision: 1, active: false });
      expect(await aws.find('arn:aws:ecs:eu-west-1:111122223333:task-definition/worker:2')).toMatchObject({
        revision: 2,
        active: true,
      });
    });

    it('gives undefined for what does not exist', async () => {
      expect(await aws.find('nothing')).toBeUndefined();
    });

    it('waits out a fault', async () => {
      ecs.put(WORKER);
      ecs.fault('DescribeTaskDefinition', BROKEN, LOST_ANSWER);
      expect(await aws.find('worker')).toMatchObject({ revision: 1 });
    });

    it('says what ECS refuses', async () => {
      const error = await failure(aws.find('worker:0'));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        message: 'task definition worker:0: ECS refuses it: Invalid revision number. Number: 0',
      });
    });

    it('names the permission that is missing', async () => {
      ecs.fault('DescribeTaskDefinition', DENIED);
      const error = await failure(aws.find('worker'));
      expect(error).toBeInstanceOf(DeployError);
      expect(ecs.calls).toHaveLength(1);
    });
  });

  describe('register', () => {
    it('makes the first revision of a family, without what ECS refuses', async () => {
      const registration = await aws.register({ ...WORKER, revision: 9, status: 'ACTIVE', tags: [] });
      expect(registration).toMatchObject({ revision: 1, created: true, definition: { family: 'worker' } });
      expect(ecs.revisions).toEqual([{ definition: WORKER, tags: [], status: 'ACTIVE' }]);
    });

    it('sends every field of a definition as it is', async () => {
      await aws.register(WEB);
      expect(ecs.revisions.map(({ definition }) => definition)).toEqual([WEB]);
    });

    it('uses the newest revision again when it is the same', async () => {
      ecs.put(WORKER);
      expect(await aws.register(WORKER)).toMatchObject({ revision: 1, created: false });
      expect(registrations()).toBe(0);
    });

    it('makes a revision when only an older one is the same', async () => {
      ecs.put(WORKER);
      ecs.put({ ...WORKER, cpu: '256' });
      expect(await aws.register(WORKER)).toMatchObject({ revision: 3, created: true });
    });

    it.each([
      ['the answer got lost after the effect', [LOST_ANSWER], 0, 1],
      ['the answer got lost and reads lag behind', [LOST_ANSWER], 2, 1],
      ['the request got lost', [LOST_REQUEST], 0, 2],
      ['ECS was broken for a while', [BROKEN, BROKEN], 0, 3],
      [
        'another registration was under way',
        [refused('Too many concurrent attempts to create a new revision of the specified family.')],
        0,
        2,
      ],
    ])('makes exactly one revision when %s', async (_what, faults, lag, calls) => {
      ecs.put({ ...WORKER, cpu: '256' });
      ecs.lag = lag;
      ecs.fault('RegisterTaskDefinition', ...faults);
      expect(await aws.register(WORKER)).toMatchObject({ revision: 2, created: true });
      expect(ecs.revisions).toHaveLength(2);
      expect(registrations()).toBe(calls);
    });

    it('finds its revision under one that somebody else registered at the same time', async () => {
      ecs.fault('RegisterTaskDefinition', LOST_ANSWER);
      const { put } = ecs;
      vi.spyOn(ecs, 'put').mockImplementationOnce((definition) => {
        put.call(ecs, definition);
        put.call(ecs, { ...definition, cpu: '256' });
      });
      expect(await aws.register(WORKER)).toMatchObject({ revision: 1, created: true });
      expect(ecs.revisions).toHaveLength(2);
    });

    it('gives up after 90 seconds of faults and says what is known', async () => {
      ecs.fault('RegisterTaskDefinition', ...Array.from({ length: 100 }, () => BROKEN));
      const error = await failure(aws.register(WORKER));
      expect(error).toBeInstanceOf(DeployError);
      expect(error).toMatchObject({
        message:
          'ECS did not confirm a new revision of task definition worker within 90 s: Service is broken.',
        state: expect.stringContaining('No service was changed.'),
      });
      expect(slept).toBeGreaterThanOrEqual(90_000);
      expect(slept).toBeLessThan(100_000);
    });

    it('does not insist when ECS refuses the definition or the permission is missing', async () => {
      ecs.fault('RegisterTaskDefinition', refused("Invalid 'cpu' setting for task."), DENIED);
      const first = await failure(aws.register(WORKER));
      expect(first).toBeInstanceOf(ConfigError);
      expect(first).toMatchObject({
        message: "task definition worker: ECS refuses it: Invalid 'cpu' setting for task.",
      });
      expect(await failure(aws.register(WORKER))).toBeInstanceOf(DeployError);
      expect(registrations()).toBe(2);
      expect(slept).toBe(0);
    });

    it('stops at once when the job is cancelled', async () => {
      cancel.abort('SIGINT');
      expect(await failure(aws.register(WORKER))).toBeInstanceOf(Error);
      expect(registrations()).toBe(0);
    });
  });

  describe('list', () => {
    it('gives revisions newest first and asks for a page only when it is read that far', async () => {
      for (let revision = 1; revision <= 5; revision++) ecs.put(WORKER);
      const seen: number[] = [];
      const pages: number[] = [];
      for await (const { revision } of aws.list('worker')) {
        seen.push(revision);
        pages.push(ecs.calls.length);
      }
      expect(seen).toEqual([5, 4, 3, 2, 1]);
      expect(pages).toEqual([1, 1, 2, 2, 3]);
    });

    it('leaves out other families', async () => {
      ecs.put({ ...WORKER, family: 'worker-old' });
      ecs.put(WORKER);
      const families: string[] = [];
      for await (const { family } of aws.list('worker')) families.push(family);
      expect(families).toEqual(['worker']);
    });
  });

  describe('ofService', () => {
    const service = (fields: object) =>
      ecs.services.set('prod/jobs', { serviceName: 'jobs', status: 'ACTIVE', ...fields });

    it('finds what the service is set to run', async () => {
      ecs.put(WORKER);
      ecs.put(WORKER);
      service({ taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/worker:1' });
      expect(await aws.ofService('prod', 'jobs')).toMatchObject({ family: 'worker', revision: 1 });
    });

    it.each([
      [
        'missing',
        {},
        'cluster: there is no cluster "missing" in this account and region; check its name and AWS_REGION',
      ],
      ['test', {}, 'service: there is no service "jobs" in cluster "test"; check both names and AWS_REGION'],
      [
        'prod',
        { status: 'INACTIVE' },
        'service: service "jobs" in cluster "prod" was deleted (INACTIVE); create it again, or name another one',
      ],
      [
        'prod',
        { status: 'DRAINING' },
        'service: service "jobs" in cluster "prod" is being deleted (DRAINING); create it again, or name another one',
      ],
      [
        'prod',
        {},
        'service: service "jobs" in cluster "prod" keeps its task definitions in task sets, which belong to its external deployment controller; give task-definition-family or task-definition-arn instead',
      ],
      [
        'prod',
        { taskDefinition: 'worker:3' },
        'service: service "jobs" runs worker:3, which was deleted; give task-definition or task-definition-family instead',
      ],
    ])('says what is wrong in cluster %s with %j', async (cluster, fields, message) => {
      service(fields);
      const error = await failure(aws.ofService(cluster, 'jobs'));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ message });
    });
  });
});
