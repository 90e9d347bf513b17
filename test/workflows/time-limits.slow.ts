import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Job {
  readonly steps?: readonly { readonly id?: string; readonly run?: string }[];
}

const file = resolve(import.meta.dirname, '../../.github/workflows/deploy.yml');
const { jobs } = parse(readFileSync(file, 'utf8')) as { jobs: Readonly<Record<string, Job>> };

function play(env: Readonly<Record<string, string>>) {
  const script = jobs['check']?.steps?.find(({ id }) => id === 'time-limits')?.run ?? 'exit 99';
  const { status, stdout } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

describe('a smoke test has to end before its step does', () => {
  it.each(['10m', '39m', '39m59s', '1800s', 'soon', ''])('%s is short enough', (TIMEOUT) => {
    expect(play({ TIMEOUT })).toEqual({ status: 0, lines: [] });
  });

  it.each(['40m', '1h', '0h40m', '09h'])('%s is not', (TIMEOUT) => {
    expect(play({ TIMEOUT })).toEqual({
      status: 1,
      lines: [expect.stringContaining(`smoke-test-timeout: ${TIMEOUT} is too long`)],
    });
  });
});

it('what is wrong with both is told at once', () => {
  const { status, lines } = play({ TIMEOUT: '1h', FOR: '2h', MINUTES: '120', ROLE_SECONDS: '43200' });
  expect(status).toBe(1);
  expect(lines).toEqual([
    expect.stringContaining('smoke-test-timeout: 1h'),
    expect.stringContaining('monitor-for: 2h'),
  ]);
});

describe('a watch has to fit into its job', () => {
  const check = (FOR: string, MINUTES: string, ROLE_SECONDS: string) => play({ FOR, MINUTES, ROLE_SECONDS });

  it.each(['30m', '1h30m', '100m', '1h39m60s', '1.5h', 'soon', ''])('%s fits into two hours', (time) => {
    expect(check(time, '120', '7200')).toEqual({ status: 0, lines: [] });
  });

  it.each(['2h', '101m', '1h40m1s', '24h', '09h'])('%s does not', (time) => {
    const more = 'and the 20 minutes that its last metrics and a rollback may take do not fit into';
    expect(check(time, '120', '7200')).toEqual({
      status: 1,
      lines: [
        `::error::monitor-for: ${time} ${more} timeout-minutes, 120`,
        `::error::monitor-for: ${time} ${more} role-duration-seconds, 7200`,
      ],
    });
  });

  it('nor into credentials that end before', () => {
    const { status, lines } = check('1h', '120', '3600');
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringContaining('role-duration-seconds, 3600')]);
  });
});
