import { afterEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { job } from '../simulator/tasks-under-test.ts';
import { startTasks } from './one-task.ts';

/** One task after the other against the simulator, which runs them as processes of this machine. */

type Started = Awaited<ReturnType<typeof startTasks>>;
const open: Started[] = [];
const start = async (...args: Parameters<typeof startTasks>): Promise<Started> => {
  const started = await startTasks(...args);
  open.push(started);
  return started;
};
afterEach(async () => {
  for (const { aws } of open.splice(0)) {
    await aws.close();
    expect(aws.simulator.bugs).toEqual([]);
  }
});

const faults = (...list: readonly Fault[]) => ({ simulator: { faults: list } });
const range = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
const count = (lines: number, between = '') =>
  `i=0; while [ $i -lt ${lines} ]; do echo "line $i"; i=$((i+1)); ${between}done`;

describe('the end of a task', () => {
  it('is success, with 5,000 lines once each and in order', async () => {
    const world = await start();
    const end = await world.run(count(5_000));
    expect(end).toMatchObject({ verdict: 'succeeded', exitCode: 0, ran: true, outputKnown: true });
    expect(end.output.split('\n')).toEqual(range(5_000));
    expect(world.told.starting('line ')).toEqual(range(5_000));
    expect(world.known.map(({ arn }) => arn)).toEqual([end.task?.arn]);
  });

  it('is failure with its exit code', async () => {
    const { run } = await start();
    expect(await run('echo "no such table" >&2; exit 3')).toMatchObject({
      verdict: 'failed',
      exitCode: 3,
      ran: true,
      why: 'Container job ended with exit code 3.',
      output: 'no such table',
    });
  });

  it('is told as what it was when memory ran out', async () => {
    const reason = 'OutOfMemoryError: Container killed due to memory usage';
    const { run } = await start({
      scenario: { behaviours: { 'job:1': { crash: { after: 3_000, exitCode: 137, reason } } } },
    });
    const end = await run('echo working; sleep 60');
    expect(end).toMatchObject({ verdict: 'failed', exitCode: 137, ran: true, output: 'working' });
    expect(end.why).toContain('used more memory than it may have');
    expect(end.fix).toContain('memory');
  });

  it.each([
    ['no such image', { 'job:1': { pull: 'failing' } }, 'There is no such image.', 'Check repository, tag'],
    [
      'no route to the registry',
      { 'job:1': { pull: 'unreachable' } },
      'cannot be reached from the subnets',
      'NAT gateway',
    ],
    [
      'a secret that may not be read',
      { 'job:1': { secrets: 'denied' } },
      'may not read a secret',
      'secretsmanager:GetSecretValue',
    ],
  ] as const)('is that it never started, for %s', async (_, behaviours, why, fix) => {
    const { run, operations } = await start({
      scenario: { behaviours },
      containers: [
        job({
          secrets: [{ name: 'P', valueFrom: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db' }],
        }),
      ],
    });
    const end = await run('exit 0');
    expect(end).toMatchObject({ verdict: 'never-started', ran: false, output: '', outputKnown: true });
    expect(end.exitCode).toBeUndefined();
    expect(end.why).toContain(why);
    expect(end.fix).toContain(fix);
    expect(operations()).not.toContain('GetLogEvents');
  });

  it('is that it never started when the image has no such command', async () => {
    const { run } = await start({ scenario: { programs: { 'job:1': {} } } });
    const end = await run('no-such-program');
    expect(end).toMatchObject({ verdict: 'never-started', ran: false });
    expect(end.why).toContain('has no such command');
  });

  it('is that Spot capacity was taken back, whatever the exit code', async () => {
    const { run } = await start({
      scenario: { behaviours: { 'job:1': { stop: { after: 5_000, by: 'spot' } } } },
    });
    const end = await run('trap "exit 0" TERM; echo on; while :; do sleep 0.02; done');
    expect(end).toMatchObject({ verdict: 'stopped', exitCode: 0, ran: true });
    expect(end.why).toContain('Spot');
    expect(end.fix).toContain('FARGATE');
  });

  it('is that somebody stopped it', async () => {
    const { run } = await start({
      scenario: { behaviours: { 'job:1': { stop: { after: 5_000, by: 'user', reason: 'not now' } } } },
    });
    const end = await run('sleep 60');
    expect(end).toMatchObject({ verdict: 'stopped', exitCode: 143 });
    expect(end.why).toContain('"not now"');
  });

  it('is that a sidecar took it along', async () => {
    const sidecar = { name: 'proxy', image: 'job:1', command: ['sleep 0.5; exit 9'] };
    const { run } = await start({ containers: [job(), sidecar] });
    const end = await run('trap "sleep 0.4; exit 0" TERM; while :; do sleep 0.02; done');
    expect(end).toMatchObject({ verdict: 'stopped', exitCode: 0 });
    expect(end.why).toContain('Container proxy ended first, with exit code 9');
  });

  it('comes with the container that decides, while others go on and are stopped', async () => {
    const other = { name: 'web', image: 'job:1', command: ['sleep 60'] };
    const { run, operations, aws } = await start({ containers: [job({ essential: false }), other] });
    const end = await run('echo done');
    expect(end).toMatchObject({ verdict: 'succeeded', exitCode: 0, output: 'done' });
    expect(operations()).toContain('StopTask');
    expect((await aws.stopped(end.task?.arn ?? '')).stoppedReason).toContain('actions/runs/1');
  });
});

describe('a task that this run ends', () => {
  it('is stopped at its time-out, and waited for', async () => {
    const { run, told } = await start();
    const end = await run('trap "echo undoing; exit 7" TERM; while :; do sleep 0.02; done', {
      timeoutMs: 40_000,
    });
    expect(end).toMatchObject({ verdict: 'timed-out', exitCode: 7, ran: true });
    expect(end.output).toContain('undoing');
    expect(end.why).toContain('had not ended after 40 s');
    expect(told.starting('undoing')).toHaveLength(1);
  });

  it('is told to have ended well all the same', async () => {
    const { run } = await start();
    const end = await run('trap "" TERM; sleep 2', { timeoutMs: 40_000 });
    expect(end).toMatchObject({ verdict: 'timed-out', exitCode: 0 });
    expect(end.why).toContain('exit code 0 all the same');
  });

  it('is stopped at once by a cancel, which learns what it can', async () => {
    const world = await start();
    const running = world.run('trap "echo undoing; exit 7" TERM; echo begun; while :; do sleep 0.02; done');
    while (Number.isNaN(world.told.when('begun'))) await world.aws.clock.sleep(500);
    const at = world.aws.clock.now();
    const calls = world.calls.length;
    world.cancel.abort();
    const end = await running;
    expect(world.aws.clock.now() - at).toBeLessThan(4_600);
    expect(world.operations()[calls]).toBe('StopTask');
    expect(end).toMatchObject({ verdict: 'cancelled', exitCode: 7, ran: true });
    expect(end.output).toContain('begun');
    expect(world.told.starting('undoing')).toHaveLength(1);
  });

  it('is stopped when the cancel comes before RunTask has answered', async () => {
    const world = await start();
    const running = world.run('sleep 60');
    world.cancel.abort();
    const end = await running;
    expect(end.verdict).toBe('cancelled');
    const { arn = '' } = end.task ?? {};
    expect((await world.aws.stopped(arn)).stopCode).toBe('UserInitiated');
  });
});

describe('a task that is there', () => {
  it('is adopted with its log from the beginning', async () => {
    const world = await start();
    const [first] = [
      await world.world.tasks.run(world.order(`${count(300)}; sleep 1.5; echo last; exit 4`, 'a')),
    ];
    await world.aws.when(first.arn, ({ lastStatus }) => lastStatus === 'RUNNING');
    await world.aws.clock.sleep(6_000);
    const [task] = (await world.world.tasks.describe('prod', [first.arn])).values();
    if (!task) throw new Error('no task');
    const end = await world.adopt(task);
    expect(end).toMatchObject({ verdict: 'failed', exitCode: 4, outputKnown: true });
    expect(end.output.split('\n')).toEqual([...range(300), 'last']);
    expect(world.told.starting('line ')).toEqual(range(300));
  });

  it('has ended already, and is told with its log, however long ago its time was up', async () => {
    const world = await start();
    const { arn } = await world.world.tasks.run(world.order('echo done', 'a'));
    await world.aws.stopped(arn);
    const task = (await world.world.tasks.describe('prod', [arn])).get(arn);
    if (!task) throw new Error('no task');
    expect(await world.adopt(task)).toMatchObject({
      verdict: 'succeeded',
      output: 'done',
      outputKnown: true,
    });
    expect(world.operations()).not.toContain('StartLiveTail');
  });

  it('is the one that an answer of RunTask was lost for', async () => {
    const world = await start(faults({ kind: 'lost-answer', operation: 'RunTask', nth: 1 }));
    expect(await world.run('echo once')).toMatchObject({ verdict: 'succeeded', output: 'once' });
    expect(world.operations().filter((name) => name === 'RunTask')).toHaveLength(2);
    expect(await world.world.tasks.startedBy('prod', 'deploy-actions/1')).toHaveLength(0);
  });

  it('is waited for while Fargate has no capacity', async () => {
    const world = await start({ scenario: { callsWithoutCapacity: 2 } });
    expect(await world.run('echo here')).toMatchObject({ verdict: 'succeeded', output: 'here' });
    expect(world.told.starting('ECS has no room for the task now (Capacity is unavailable')).toHaveLength(1);
  });
});

describe('the log', () => {
  it('is read where live sessions are not allowed, which is said', async () => {
    const world = await start(faults({ kind: 'access-denied', operation: 'StartLiveTail' }));
    const end = await world.run(count(40, 'sleep 0.05; '));
    expect(end).toMatchObject({ verdict: 'succeeded', outputKnown: true });
    expect(world.told.starting('line ')).toEqual(range(40));
    expect(world.told.warnings).toHaveLength(1);
    expect(world.told.warnings[0]).toContain('Allow logs:StartLiveTail');
    expect(world.operations().filter((name) => name === 'StartLiveTail')).toHaveLength(1);
    expect(world.busiestMinute()).toBeLessThanOrEqual(20);
  });

  it('is followed on when a live session is cut, with what was written between', async () => {
    const world = await start(faults({ kind: 'cut', operation: 'StartLiveTail', nth: 1, pieces: 22 }));
    const end = await world.run(count(40, 'sleep 0.05; '));
    expect(end).toMatchObject({ verdict: 'succeeded', outputKnown: true });
    expect([...world.told.starting('line ')].sort()).toEqual([...range(40)].sort());
    expect(world.operations().filter((name) => name === 'StartLiveTail').length).toBeGreaterThan(1);
    expect(world.told.warnings).toEqual([]);
  });

  it('is complete where it is new, and its group is made with it', async () => {
    const logConfiguration = structuredClone(job().logConfiguration);
    Object.assign(logConfiguration?.options ?? {}, { 'awslogs-create-group': 'true' });
    const world = await start({ containers: [job({ logConfiguration })], scenario: { logGroups: [] } });
    const end = await world.run('echo first; sleep 0.6; echo last');
    expect(end).toMatchObject({ verdict: 'succeeded', output: 'first\nlast', outputKnown: true });
    expect(world.told.warnings).toEqual([]);
  });

  it('is said not to be here with FireLens', async () => {
    const router = {
      name: 'router',
      image: 'fluent-bit:1',
      firelensConfiguration: { type: 'fluentbit' as const },
    };
    const world = await start({
      containers: [job({ logConfiguration: { logDriver: 'awsfirelens' } }), router],
    });
    expect(await world.run('exit 2')).toMatchObject({
      verdict: 'failed',
      exitCode: 2,
      output: '',
      outputKnown: false,
    });
    expect(world.told.starting('Container job logs through FireLens')).toHaveLength(1);
  });

  it('does not change the verdict where it may not be read', async () => {
    const world = await start(faults({ kind: 'access-denied', operation: 'GetLogEvents' }));
    const end = await world.run('echo seen; sleep 0.6');
    expect(end).toMatchObject({ verdict: 'succeeded', output: 'seen', outputKnown: false });
    expect(world.told.warnings.join()).toContain('Allow logs:GetLogEvents');
  });

  it('keeps a line of 600 KB whole', async () => {
    const { run, told } = await start();
    const end = await run(`head -c 600000 /dev/zero | tr '\\0' x; echo; echo end`);
    expect(end.output.split('\n').map(({ length }) => length)).toEqual([600_000, 3]);
    expect(told.starting('xxx').map(({ length }) => length)).toEqual([600_000]);
  });
});

describe('how quick and how quiet it is', () => {
  it('shows a line within 3 s, sees the end within 3 s, and makes 20 calls a minute', async () => {
    // On a busy machine a process is woken some hundred ms late.
    const scale = 5;
    const world = await start({ scale });
    const { clock } = world.aws;
    const virtual = (real: string | undefined) => clock.now() + (Number(real) - Date.now()) * scale;
    const end = await world.run(
      'i=0; while [ $i -lt 25 ]; do date "+at %s%3N"; sleep 0.4; i=$((i+1)); done; date "+at %s%3N"',
    );
    const ended = world.told.when('ended with exit code 0');
    const lines = world.told.lines.filter(({ text }) => text.startsWith('at '));
    const late = lines.map(({ at, text }) => at - virtual(text.split(' ')[1])).sort((a, b) => a - b);
    expect(end.verdict).toBe('succeeded');
    expect(lines).toHaveLength(26);
    // The driver's batches and CloudWatch's own delay are in it.
    expect(late[Math.floor(late.length / 2)]).toBeLessThan(3_000);
    expect(ended - virtual(lines.at(-1)?.text.split(' ')[1])).toBeLessThan(3_000 + 2_000);
    expect(world.busiestMinute()).toBeLessThanOrEqual(20);
  });

  it('bears throttling and an outage of ECS, and says so', async () => {
    const world = await start({
      scale: 40,
      ...faults(
        { kind: 'throttle', operation: 'DescribeTasks', nth: 2, times: 3 },
        { kind: 'internal-error', operation: 'DescribeTasks', nth: 8, times: 60 },
      ),
    });
    const end = await world.run('sleep 1; echo done; exit 5');
    expect(end).toMatchObject({ verdict: 'failed', exitCode: 5, output: 'done' });
    expect(world.told.warnings).toEqual([expect.stringContaining('The task goes on by itself')]);
    expect(world.told.starting('ECS answers again')).toHaveLength(1);
  });
});
