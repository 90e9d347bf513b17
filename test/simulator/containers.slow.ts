import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerEngine, dockerEngine } from '../slow/docker/engine.ts';
import { job, jobs, startJobs } from './tasks-under-test.ts';

const context = mkdtempSync(join(tmpdir(), 'deploy-actions-container-'));
let engine: DockerEngine;

const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], HOME: context, DOCKER_HOST: engine.host, DOCKER_BUILDKIT: '0' },
  });

beforeAll(async () => {
  engine = await dockerEngine();
  copyFileSync(engine.busybox, join(context, 'busybox'));
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /bin/busybox\nENTRYPOINT ["/bin/busybox"]\nCMD ["echo", "by itself"]\n',
  );
  docker('build', '--tag', 'job:1', context);
});

afterAll(async () => {
  await engine?.stop();
  rmSync(context, { recursive: true, force: true });
});

const open = (...containers: Parameters<typeof job>) =>
  startJobs(jobs([job(...containers)], { programs: { 'job:1': { engine: engine.host } } }), 20);

describe('a task whose image is run by a Docker Engine', () => {
  it('runs as a container, with its output as log events and its exit code', async () => {
    const aws = await open();
    const run = (command?: string[], environment: { name: string; value: string }[] = []) =>
      aws.run(undefined, {
        overrides: { containerOverrides: [{ name: 'job', ...(command && { command }), environment }] },
      });
    const itself = await run();
    const told = await run(
      ['sh', '-c', 'echo "$A"; echo oops >&2; exit 3'],
      [{ name: 'A', value: 'one\ntwo' }],
    );
    expect(await aws.stopped(itself)).toMatchObject({ containers: [{ exitCode: 0 }] });
    expect(await aws.stopped(told)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 3 }],
    });
    expect(await aws.lines(itself)).toEqual(['by itself']);
    expect((await aws.lines(told)).sort()).toEqual(['one', 'oops', 'two']);
    expect(docker('ps', '--all', '--quiet')).toBe('');
    await aws.close();
    expect(aws.simulator.bugs).toEqual([]);
  });

  it('is told to stop, and killed when it does not listen', async () => {
    const aws = await open({ stopTimeout: 30 });
    const arn = await aws.run(undefined, {
      overrides: {
        containerOverrides: [
          {
            name: 'job',
            command: [
              'sh',
              '-c',
              'trap "echo no" TERM; echo ready; while :; do /bin/busybox sleep 0.1; done',
            ],
          },
        ],
      },
    });
    await aws.firstLines(arn, 1);
    await aws.ecs.send(new StopTaskCommand({ cluster: 'prod', task: arn }));
    expect(await aws.stopped(arn)).toMatchObject({
      stopCode: 'UserInitiated',
      containers: [{ exitCode: 137 }],
    });
    expect(await aws.lines(arn)).toEqual(['ready', 'no']);
    await aws.close();
  });

  it('says what the engine says when it cannot be started', async () => {
    const aws = await open({ entryPoint: ['nope'] });
    expect(await aws.stopped(await aws.run())).toMatchObject({
      stopCode: 'TaskFailedToStart',
      containers: [{ reason: expect.stringMatching(/^CannotStartContainerError: .*"nope".*not found/) }],
    });
    await aws.close();
  });

  it('does not outlive the simulator', async () => {
    const aws = await open({ command: ['sh', '-c', 'echo ready; /bin/busybox sleep 1000'] });
    await aws.firstLines(await aws.run(), 1);
    expect(docker('ps', '--quiet')).not.toBe('');
    await aws.close();
    expect(docker('ps', '--quiet')).toBe('');
  });
});
