import { spawnSync } from 'node:child_process';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { job, jobs, startJobs } from './tasks-under-test.ts';

type Jobs = Awaited<ReturnType<typeof startJobs>>;

const open: Jobs[] = [];
const start = async (...args: Parameters<typeof startJobs>): Promise<Jobs> => {
  const started = await startJobs(...args);
  open.push(started);
  return started;
};
afterEach(async () => {
  for (const each of open.splice(0)) {
    await each.close();
    expect(each.simulator.bugs).toEqual([]);
  }
});

/** Whether the process runs; one that nobody has reaped yet does not. */
const isAlive = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z\s]/.test(stdout);
};

describe('a task of RunTask whose image has a program', () => {
  it('runs its command as a process, with its output as log events and its true exit code', async () => {
    const aws = await start(
      jobs([job({ environment: [{ name: 'A', value: 'own' }] })], {
        programs: {
          'job:1': { prefix: ['/bin/sh', '-c'], directory: '/tmp', environment: { DATABASE_URL: 'here' } },
        },
      }),
    );
    const arn = await aws.run(undefined, {
      overrides: {
        containerOverrides: [
          {
            name: 'job',
            command: ['pwd; echo "$A $B $DATABASE_URL $HOME"; echo oops >&2; printf "no end"; exit 3'],
            environment: [{ name: 'B', value: 'given' }],
          },
        ],
      },
    });
    expect(await aws.stopped(arn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ name: 'job', exitCode: 3, lastStatus: 'STOPPED' }],
    });
    expect((await aws.lines(arn)).sort()).toEqual(['/tmp', 'no end', 'oops', 'own given here ']);
  });

  it('runs what the definition or the image says when no command overrides it', async () => {
    const programs = { 'job:1': { entryPoint: ['/bin/echo', 'image'], command: ['by itself'] } };
    const [image, definition] = await Promise.all([
      start(jobs([job()], { programs })),
      start(jobs([job({ entryPoint: ['/bin/echo', 'definition'] })], { programs })),
    ]);
    const said = async (aws: Jobs, script?: string) => {
      const arn = await aws.run(script);
      await aws.stopped(arn);
      return (await aws.lines(arn)).join('\n');
    };
    expect(await said(image)).toBe('image by itself');
    expect(await said(image, 'told')).toBe('image told');
    expect(await said(definition)).toBe('definition');
  });

  it('is killed when it does not listen to SIGTERM', async () => {
    const aws = await start(jobs([job({ stopTimeout: 5 })]), 60);
    const arn = await aws.run('trap "echo no" TERM; echo $$; while :; do sleep 0.01; done');
    await aws.firstLines(arn, 1);
    await aws.ecs.send(new StopTaskCommand({ cluster: 'prod', task: arn, reason: 'enough' }));
    expect(await aws.stopped(arn)).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      containers: [{ exitCode: 137 }],
    });
    const [pid = '', ...rest] = await aws.lines(arn);
    expect(rest).toContain('no');
    expect(isAlive(Number(pid))).toBe(false);
  });

  it('ends by its own code when it listens to SIGTERM', async () => {
    const aws = await start(jobs(), 60);
    const arn = await aws.run('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.01; done');
    await aws.firstLines(arn, 1);
    await aws.ecs.send(new StopTaskCommand({ cluster: 'prod', task: arn }));
    expect(await aws.stopped(arn)).toMatchObject({ containers: [{ exitCode: 7 }] });
    expect(await aws.lines(arn)).toContain('bye');
  });

  it('stops the others when an essential container ends, and none when another one does', async () => {
    const image = 'job:1';
    const aws = await start(
      jobs([
        job({ command: ['sleep 0.05; exit 0'] }),
        { name: 'helper', image, essential: false, command: ['exit 4'] },
        { name: 'proxy', image, essential: false, command: ['sleep 60'] },
        { name: 'agent', image: 'agent:1', essential: false },
      ]),
    );
    const { containers = [] } = await aws.stopped(await aws.run());
    expect(containers.map(({ name, exitCode }) => `${name} ${exitCode}`)).toEqual([
      'job 0',
      'helper 4',
      'proxy 143',
      'agent 143',
    ]);
  });

  it('never starts when its command cannot be started', async () => {
    const nowhere = { directory: '/no/such/place', command: ['echo'] };
    const aws = await start(
      jobs([job(), job({ name: 'other', image: 'other:1' })], {
        programs: { 'job:1': {}, 'other:1': { command: ['sleep', '60'] } },
      }),
    );
    const elsewhere = await start(jobs([job()], { programs: { 'job:1': nowhere } }));
    const lost = await elsewhere.stopped(await elsewhere.run());
    expect(lost.containers?.[0]?.reason).toContain('chdir to cwd ("/no/such/place")');
    for (const [command, why] of [
      ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH'],
      ['/no/such', 'exec: "/no/such": stat /no/such: no such file or directory'],
      ['/etc/passwd', 'exec: "/etc/passwd": permission denied'],
    ] as const) {
      const task = await aws.stopped(await aws.run(command));
      expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
      expect(task.startedAt).toBeUndefined();
      expect(task.containers?.[0]?.exitCode).toBeUndefined();
      expect(task.containers?.[0]?.reason).toContain('CannotStartContainerError: ');
      expect(task.containers?.[0]?.reason).toContain(why);
    }
  });

  it('ends with its first process, whatever others that has left behind', async () => {
    const aws = await start(jobs());
    const arn = await aws.run('sleep 60 & echo $!; exit 0');
    expect(await aws.stopped(arn)).toMatchObject({ containers: [{ exitCode: 0 }] });
    expect((await aws.lines(arn)).map(Number).some(isAlive)).toBe(false);
  });

  it('never starts without its log group, unless it creates it', async () => {
    const aws = await start(jobs([job()], { logGroups: [] }));
    const task = await aws.stopped(await aws.run('exit 0'));
    expect(task.stopCode).toBe('TaskFailedToStart');
    expect(task.stoppedReason).toMatch(
      /^ResourceInitializationError: failed to validate logger args: .*The specified log group does not exist/,
    );
    const logConfiguration = structuredClone(job().logConfiguration);
    Object.assign(logConfiguration?.options ?? {}, { 'awslogs-create-group': 'true' });
    const other = await start(jobs([job({ logConfiguration })], { logGroups: [] }));
    const arn = await other.run('echo here');
    await other.stopped(arn);
    expect(await other.lines(arn)).toEqual(['here']);
  });

  it('dies of a signal with 128 and its number', async () => {
    const aws = await start(jobs());
    expect((await aws.stopped(await aws.run('kill -SEGV $$'))).containers?.[0]?.exitCode).toBe(139);
  });

  it('runs out of memory when its behaviour says so', async () => {
    const reason = 'OutOfMemoryError: Container killed due to memory usage';
    const aws = await start(
      jobs([job()], { behaviours: { 'job:1': { crash: { after: 3_000, exitCode: 137, reason } } } }),
    );
    expect(await aws.stopped(await aws.run('sleep 60'))).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 137, reason }],
    });
  });

  it('splits a line that is too long for an event, and drops empty lines', async () => {
    const aws = await start(jobs());
    const arn = await aws.run(`head -c 300000 /dev/zero | tr '\\0' x; echo; echo; echo é`);
    await aws.stopped(arn);
    const lines = await aws.lines(arn);
    expect(lines.map(({ length }) => length)).toEqual([262_118, 300_000 - 262_118, 1]);
  });

  it('does not outlive the simulator, nor does what it has started', async () => {
    const aws = await startJobs(jobs(), 60);
    const arn = await aws.run('trap "" TERM; sleep 60 & echo $! $$; wait; wait');
    const pids = (await aws.firstLines(arn, 1)).join(' ').split(' ').map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    await aws.close();
    expect(pids.some(isAlive)).toBe(false);
  });
});
