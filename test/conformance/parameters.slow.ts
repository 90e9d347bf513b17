import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parameters } from '../../src/aws/parameters.ts';
import { systemClock } from '../../src/clock.ts';
import { readJournal } from '../../src/migrations/journal.ts';
import { takeLock } from '../../src/migrations/lock.ts';
import { LockedCloud, request } from '../migrations/lock-world.ts';
import { type Moto, startMoto } from '../slow/moto.ts';

/** The lock's parameter, in an emulator that others have written. */

const NAME = '/deploy-actions/migrations/prod/web';
const ssm = parameters({ clock: systemClock });
let moto: Moto;

beforeAll(async () => {
  moto = await startMoto();
});

afterAll(() => moto.stop());

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
