import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parameters } from '../../src/aws/parameters.ts';
import { systemClock } from '../../src/clock.ts';
import { readJournal } from '../../src/migrations/journal.ts';
import { takeLock } from '../../src/migrations/lock.ts';
import { LockedCloud, request } from '../migrations/lock-world.ts';
import { pythonWithMoto } from '../slow/tools.ts';

/** The lock's parameter, in an emulator that others have written. */

const NAME = '/deploy-actions/migrations/prod/web';
const ssm = parameters({ clock: systemClock });
let server: ChildProcess;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((settle) => probe.listen(0, '127.0.0.1', settle));
  const address = probe.address();
  await new Promise((settle) => probe.close(settle));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

beforeAll(async () => {
  const port = await freePort();
  server = spawn(pythonWithMoto(), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((settle, refuse) => {
    server.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Running on')) settle();
    });
    server.on('exit', () => refuse(new Error('moto did not start')));
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
});

afterAll(() => {
  server.kill();
});

describe('moto agrees with', () => {
  it('a lock that is taken, noted and given back', async () => {
    expect(await ssm.history(NAME)).toEqual([]);
    const world = {
      parameters: ssm,
      tasks: new LockedCloud().ecs(),
      clock: systemClock,
      say: () => undefined,
      cancelled: new AbortController().signal,
    };
    const plan = { command: 'echo {{ name }} "ü"', backups: ['db-1'] };
    const held = await takeLock('prod/web', request(1, 1, { plan }), world);
    await held.note([{ token: 't1' }]);
    await held.release(undefined, [{ token: 't1', exitCode: 0 }]);
    const journal = readJournal(await ssm.history(NAME));
    expect(journal.entries.map(({ version, free }) => [version, free])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(journal.entries[0]?.hold.plan).toEqual(plan);
    expect((await takeLock('prod/web', request(1, 2), world)).steps).toEqual([{ token: 't1', exitCode: 0 }]);
  });

  it('the last hundred versions, on all pages', async () => {
    const name = `${NAME}-long`;
    for (let n = 1; n <= 104; n++) expect(await ssm.append(name, `value ${n}`)).toBe(n);
    const versions = (await ssm.history(name)).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 100 }, (_, n) => n + 5));
  });
});
