import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, entryText, type MigrationRecord } from '../../src/migrations/entry.ts';
import {
  type Journal,
  LEASE_MS,
  migrationsSince,
  pastAfter,
  readJournal,
  stepsOf,
} from '../../src/migrations/journal.ts';
import type { ParameterVersion } from '../../src/ports.ts';
import { START } from './lock-world.ts';

const MINUTE = 60_000;
const holderOf = (run: number, attempt = 1) =>
  `https://github.com/org/web/actions/runs/${run}/attempts/${attempt}`;

/** A log that tests write by hand: each entry follows the last one that counts, unless it says otherwise. */
class Writing {
  readonly versions: ParameterVersion[] = [];
  at = START;

  get journal(): Journal {
    return readJournal(this.versions);
  }

  put(value: string): this {
    this.versions.push({ version: this.versions.length + 1, value, at: this.at });
    return this;
  }

  entry(id: string, change: Partial<Entry>, view: Journal): this {
    const { last } = view;
    const hold = last?.hold ?? holdOf(1, id);
    return this.put(entryText({ id, after: last?.id ?? '', hold, free: false, ...pastOf(view), ...change }));
  }

  take(
    id: string,
    run: number,
    more: { attempt?: number; view?: Journal; steps?: Entry['hold']['steps'] } = {},
  ) {
    const { attempt = 1, view = this.journal, steps = [] } = more;
    const hold = { ...holdOf(run, id, attempt), steps, plan: planOf(run) };
    return this.entry(id, { hold, ...pastAfter(view.last) }, view);
  }

  note(id: string, steps: Entry['hold']['steps'], view = this.journal): this {
    const hold = view.last?.hold ?? holdOf(1, id);
    return this.entry(id, { hold: { ...hold, steps } }, view);
  }

  free(id: string, record?: Partial<MigrationRecord>, view = this.journal): this {
    const { holder = '', runKey = '', plan = planOf(1) } = view.last?.hold ?? {};
    const ended: MigrationRecord = { ...plan, holder, runKey, at: this.at, outcome: 'migrated', ...record };
    return this.entry(id, { free: true, ...(record && { record: ended }) }, view);
  }

  pass(ms: number): this {
    this.at += ms;
    return this;
  }
}

const planOf = (run: number) => ({ command: `command ${run}`, backups: [] });
const pastOf = ({ last }: Journal): Pick<Entry, 'past' | 'forgotten'> => ({
  past: last?.past ?? [],
  ...(last?.forgotten !== undefined && { forgotten: last.forgotten }),
});
const holdOf = (run: number, id: string, attempt = 1): Entry['hold'] => ({
  id,
  holder: holderOf(run, attempt),
  runKey: `key-${run}`,
  since: START,
  cluster: 'prod',
  startedBy: `deploy-actions/${run}`,
  steps: [],
  plan: planOf(run),
});

const log = (): Writing => new Writing();
const ids = (journal: Journal): string[] => journal.entries.map(({ id }) => id);

describe('the log of a lock', () => {
  it('counts the lower version of two writers at once', () => {
    const empty = log().journal;
    const both = log().take('a', 1, { view: empty }).take('b', 2, { view: empty });
    expect(ids(both.journal)).toEqual(['a']);
    expect(ids(both.note('c', [{ token: 't' }]).journal)).toEqual(['a', 'c']);
  });

  it('lets nobody take a hold over that is younger than two minutes by the clock of AWS', () => {
    const held = log().take('a', 1);
    expect(ids(held.pass(LEASE_MS - 1).take('b', 2).journal)).toEqual(['a']);
    expect(ids(held.pass(1).take('c', 3).journal)).toEqual(['a', 'c']);
  });

  it('lets the next attempt of the same run go on at once, and no other run or earlier attempt', () => {
    const held = log().take('a', 1, { attempt: 2 });
    expect(ids(held.take('b', 1, { attempt: 1 }).journal)).toEqual(['a']);
    // Another leg of a matrix has the same key.
    expect(ids(held.take('c', 1, { attempt: 2 }).journal)).toEqual(['a']);
    expect(ids(held.take('d', 1, { attempt: 3 }).journal)).toEqual(['a', 'd']);
  });

  it('lets no former holder note or give back what somebody else has taken', () => {
    const taken = log().take('a', 1);
    const view = taken.journal;
    taken.pass(LEASE_MS).take('b', 2);
    expect(ids(taken.note('c', [], view).free('d', {}, view).journal)).toEqual(['a', 'b']);
  });

  it('takes the same entry twice for one, as after an answer that was lost', () => {
    const empty = log().journal;
    const twice = log().take('a', 1, { view: empty }).take('a', 1, { view: empty });
    expect(ids(twice.free('b').journal)).toEqual(['a', 'b']);
  });

  it('passes over what somebody else has put there', () => {
    const scribbled = log().put('hello').take('a', 1).put('{"lock": "free"}').free('b');
    expect(ids(scribbled.journal)).toEqual(['a', 'b']);
  });

  it('knows nothing where versions are missing, or a newer version of ours has written', () => {
    const { versions } = log().take('a', 1).note('b', []).free('c');
    expect(readJournal(versions.toSpliced(1, 1)).unclear).toBe('versions are missing in between');
    const [first] = versions;
    const newer = {
      ...first,
      version: 4,
      at: START,
      value: (first?.value ?? '').replace('"format": 1', '"format": 9'),
    };
    expect(readJournal([...versions, newer]).unclear).toMatch(
      /version 4 was written by a newer deploy-actions/,
    );
  });

  it('knows nothing when AWS has forgotten every entry that another follows', () => {
    const start = log().take('a', 1);
    const view = log().journal;
    for (let n = 0; n < 100; n++) start.take(`late-${n}`, n + 2, { view });
    expect(readJournal(start.versions).last?.id).toBe('a');
    expect(readJournal(start.versions.slice(1)).unclear).toMatch(/has followed on none of the versions/);
  });

  it('says the same of its last hundred versions as of all', () => {
    interface Deed {
      readonly run: number;
      /** How many versions the writer has not seen yet. */
      readonly stale: number;
      readonly waits: number;
      readonly what: 'take' | 'note' | 'free';
    }
    const deed: fc.Arbitrary<Deed> = fc.record({
      run: fc.integer({ min: 1, max: 4 }),
      stale: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 })),
      waits: fc.constantFrom(0, 1_000, LEASE_MS),
      what: fc.constantFrom('take', 'note', 'free'),
    });
    let clear = 0;
    fc.assert(
      fc.property(
        fc.array(deed, { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 4, max: 20 }),
        (deeds, kept) => {
          const all = log();
          for (const [n, { run, stale, waits, what }] of deeds.entries()) {
            const seen = all.versions.slice(0, Math.max(0, all.versions.length - stale));
            const view = readJournal(seen);
            const id = `e${n}`;
            all.pass(waits);
            const mine = view.last?.hold.runKey === `key-${run}` && !view.last.free;
            if (what === 'take' && !mine) all.take(id, run, { view });
            else if (what === 'note' && mine) all.note(id, [{ token: id }], view);
            else if (what === 'free' && mine) all.free(id, { outcome: 'migrated' }, view);
          }
          const whole = readJournal(all.versions);
          const cut = readJournal(all.versions.slice(-kept));
          if (cut.unclear !== undefined) return;
          clear++;
          expect(cut.last?.id).toBe(whole.last?.id);
          expect(ids(whole).slice(-ids(cut).length || undefined)).toEqual(ids(cut));
        },
      ),
      { seed: 20_261_121, numRuns: 150 },
    );
    expect(clear, 'logs that could be read').toBeGreaterThan(100);
  });

  it('gives a run none of its steps as done that somebody has taken back since', () => {
    const steps = [{ token: 't1', task: 'arn:aws:ecs:x:1:task/prod/1', exitCode: 0 }];
    const migrated = new Writing().take('a', 1).note('b', steps).free('c', {});
    const undone = migrated.take('d', 2).note('e', steps).free('f', { outcome: 'undone' });
    expect(stepsOf(undone.journal, 'key-1')).toEqual([{ ...steps[0], exitCode: -3 }]);
    expect(stepsOf(undone.journal, 'key-2')).toEqual(steps);
    const again = undone.take('g', 3).note('h', steps).free('i', {});
    expect(stepsOf(again.journal, 'key-2')).toEqual([{ ...steps[0], exitCode: -3 }]);
  });

  it('gives a run the steps of its former attempts, though others have held the lock since', () => {
    const steps = [
      { token: 'first', exitCode: 0 },
      { token: 'second', exitCode: 1 },
    ];
    const since = log()
      .take('a', 1)
      .note('b', steps)
      .free('c', { outcome: 'failed' })
      .take('d', 2)
      .free('e', {});
    expect(stepsOf(since.journal, 'key-1')).toEqual(steps);
    expect(stepsOf(since.journal, 'key-3')).toEqual([]);
  });
});

describe('the migrations since a moment', () => {
  it('are those that ended after it, newest first', () => {
    const past = log()
      .take('a', 1)
      .pass(MINUTE)
      .free('b', { compatible: true })
      .take('c', 2)
      .pass(MINUTE)
      .free('d', { compatible: false, backups: ['db-2'] })
      .take('e', 3)
      .free('f', { outcome: 'nothing-to-do' })
      .take('g', 4)
      .free('h');
    const runs = (at: number) => migrationsSince(past.journal, at).migrations.map(({ runKey }) => runKey);
    expect(runs(START)).toEqual(['key-2', 'key-1']);
    expect(runs(START + MINUTE + 1)).toEqual(['key-2']);
    expect(runs(START + 2 * MINUTE + 1)).toEqual([]);
    expect(migrationsSince(past.journal, START)).toMatchObject({ complete: true });
  });

  it('hold one that has started and has not ended, with an unknown outcome', () => {
    const plain = log().take('a', 1);
    expect(migrationsSince(plain.journal, START)).toEqual({ migrations: [], complete: true });
    const started = plain.note('b', [{ token: 't' }]);
    const late = START + 10 * MINUTE;
    expect(migrationsSince(started.journal, late).migrations).toMatchObject([
      { outcome: 'unknown', command: 'command 1', holder: holderOf(1) },
    ]);
  });

  it('hold one whose run broke off, until its next attempt says more', () => {
    const broken = log()
      .take('a', 1)
      .note('b', [{ token: 't' }])
      .pass(LEASE_MS)
      .take('c', 2)
      .free('d', {});
    const outcomes = () =>
      migrationsSince(broken.journal, START).migrations.map(({ runKey, outcome }) => `${runKey} ${outcome}`);
    expect(outcomes()).toEqual(['key-2 migrated', 'key-1 unknown']);
    broken.pass(MINUTE).take('e', 1, { attempt: 2 }).free('f', {});
    expect(outcomes()).toEqual(['key-1 migrated', 'key-2 migrated']);
  });

  it('are not all there when AWS has forgotten one that was not known to be compatible', () => {
    const long = log();
    for (let n = 1; n <= 40; n++) {
      long
        .pass(MINUTE)
        .take(`take-${n}`, n)
        .free(`free-${n}`, n % 4 === 0 ? { compatible: true } : {});
    }
    const kept = readJournal(long.versions.slice(-4));
    expect(migrationsSince(kept, START).complete).toBe(false);
    const lately = migrationsSince(kept, START + 30 * MINUTE);
    expect(lately.complete).toBe(true);
    // Of those that stop nobody, some have made room.
    const risky = lately.migrations.filter(({ compatible }) => compatible === undefined);
    expect(risky.map(({ runKey }) => runKey)).toEqual(
      [39, 38, 37, 35, 34, 33, 31, 30].map((run) => `key-${run}`),
    );
  });
});
