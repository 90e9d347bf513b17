import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dockerCommand } from '../../src/docker/command.ts';

/** A `docker` that is a script; its process handling is what is looked at here, not Docker's. */
function fakeDocker(script: string) {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-docker-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'docker'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const controller = new AbortController();
  const env = { PATH: `${directory}:${process.env['PATH']}`, KEPT: 'kept' };
  return { docker: dockerCommand(env, controller.signal, 500), controller, directory };
}

describe.concurrent('a command of docker', () => {
  test('gets its arguments as they are, its environment, and its input over the pipe', async () => {
    const { docker } = fakeDocker('for a in "$@"; do echo "<$a>"; done; echo "$KEPT $MORE"; cat >&2');
    const args = ['login', 'two words', '$(id)', '', '"'];
    expect(await docker(args, { input: 'password', env: { MORE: 'more' } })).toEqual({
      code: 0,
      stdout: '<login>\n<two words>\n<$(id)>\n<>\n<">\nkept more\n',
      stderr: 'password',
    });
  });

  test('is heard line by line, by whatever its lines end', async () => {
    const { docker } = fakeDocker(
      "printf 'one\\r\\ntwo\\rthr'; sleep 0.05; printf 'ee\\n\\n\\303'; sleep 0.05; printf '\\244'",
    );
    const lines: string[] = [];
    await docker(['build'], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['one', 'two', 'three', 'ä']);
  });

  test('may fail, and may leave its input unread', async () => {
    const { docker } = fakeDocker('echo no >&2; exit 17');
    const input = 'x'.repeat(1_000_000);
    expect(await docker(['push'], { input })).toEqual({ code: 17, stdout: '', stderr: 'no\n' });
  });

  test('that a signal ends has failed', async () => {
    const { docker } = fakeDocker('kill -9 $$');
    expect((await docker(['push'])).code).toBe(1);
  });

  test('is told to end by a cancel, and the call is refused with it', async () => {
    const { docker, controller, directory } = fakeDocker(
      'trap \'touch "$0.ended"; exit 0\' TERM; echo begun; while :; do sleep 0.05; done',
    );
    const onLine = (line: string) => {
      if (line === 'begun') controller.abort('SIGINT');
    };
    await expect(docker(['push'], { onLine })).rejects.toThrow('the run was cancelled');
    expect(existsSync(join(directory, 'docker.ended'))).toBe(true);
  });

  test('does not hold a cancel up with what it has started, and is killed when it does not listen', async () => {
    const { docker, controller } = fakeDocker(
      "trap '' TERM; sleep 5 & echo begun; while :; do sleep 0.05; done",
    );
    const begun = performance.now();
    const onLine = (line: string) => {
      if (line === 'begun') controller.abort('SIGINT');
    };
    await expect(docker(['push'], { onLine })).rejects.toThrow('the run was cancelled');
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('is over when what it has started is over, which is killed when it does not listen', async ({
    expect,
  }) => {
    const { docker, controller } = fakeDocker(
      `sh -c 'trap "" TERM; echo "begun $$"; while :; do sleep 0.05; done' & sleep 30`,
    );
    let pid = 0;
    const onLine = (line: string) => {
      pid = Number(line.slice('begun '.length));
      controller.abort('SIGINT');
    };
    await expect(docker(['buildx', 'build'], { onLine })).rejects.toThrow('the run was cancelled');
    // What has ended may keep its number until somebody asks for its exit code.
    const runs = () => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;
    await expect.poll(runs).toBe(false);
  });

  test('is not begun after a cancel', async () => {
    const { docker, controller } = fakeDocker('exit 0');
    controller.abort(new Error('cancelled before'));
    await expect(docker(['push'])).rejects.toThrow('cancelled before');
  });

  test('that is not there is told with a way on', async () => {
    const docker = dockerCommand({ PATH: '/nowhere' }, new AbortController().signal);
    await expect(docker(['version'])).rejects.toThrow(
      /^docker: there is no docker command on this runner; .*oci-layout, which needs none$/,
    );
  });
});
