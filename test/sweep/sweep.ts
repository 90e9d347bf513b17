import type { Fault } from '../../src/simulator/faults.ts';
import { isChange, openWorld, type WorldOptions } from '../bundle/world.ts';

/** A release whose end is known. */
export interface Release {
  readonly name: string;
  readonly options: WorldOptions;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outcome: 'promoted' | 'rolled-back';
}

/** Few calls, so that each of them can be struck in turn. */
const FAST: WorldOptions = { scale: 1_000, rate: 40, metricDelay: 20_000, deregistrationDelay: 10_000 };
const INPUTS = {
  steps: '50% for 1m',
  'metric-delay': '30s',
  'max-hold': '30m',
  // In scaled time, a busy machine makes a look at AWS take minutes.
  'healthy-timeout': '60m',
  gates: 'error-rate < 1% abort > 2%\ncrashes = 0',
};

export const RELEASES: readonly Release[] = [
  { name: 'a sound release', options: FAST, inputs: INPUTS, outcome: 'promoted' },
  {
    name: 'a bad release',
    options: { ...FAST, behaviours: { 'app:v2': { errorRate: 0.2 } } },
    inputs: INPUTS,
    outcome: 'rolled-back',
  },
];

/** Where a rollout is struck. */
export type Strike = Pick<Fault, 'call' | 'operation' | 'nth'>;

/** Of so many reads of one operation, one is struck; another in each run of CI, so that every one is in time. */
const TURNS = 8;
const OFFSET = Number(process.env['GITHUB_RUN_NUMBER'] ?? 0);

/** The calls of a release at which it is struck, by what they do. */
export interface Calls {
  /** Every call that changes something, by its operation and number. */
  readonly changes: readonly Strike[];
  /**
   * Some of the reads of each operation, by their numbers among all calls. Between two changes nothing of AWS is
   * different.
   *
   * @param turn which of them: kinds of strikes, and releases that begin alike, take turns
   */
  reads(turn: number): readonly Strike[];
}

/** The calls of a release with which nothing goes wrong. */
export async function callsOf({ options, inputs }: Release): Promise<Calls> {
  const world = await openWorld(options);
  try {
    await world.release(inputs);
    const seen = new Map<string, number>();
    const calls = world.calls.map((call, index) => {
      const nth = (seen.get(call.operation) ?? 0) + 1;
      seen.set(call.operation, nth);
      return { operation: call.operation, nth, call: index + 1, changes: isChange(call) };
    });
    return {
      changes: calls.filter(({ changes }) => changes).map(({ operation, nth }) => ({ operation, nth })),
      reads: (turn) =>
        calls
          .filter(({ changes, nth }) => !changes && nth % TURNS === (turn + OFFSET) % TURNS)
          .map(({ call }) => ({ call })),
    };
  } finally {
    await world.close();
  }
}

const describeStrike = ({ call, operation, nth }: Strike): string =>
  call === undefined ? `${operation} ${nth}` : `call ${call}`;

/** `SWEEP="call 37"` or `SWEEP="ModifyRule 2"` plays one strike alone, of those of the run of that `GITHUB_RUN_NUMBER`. */
const isWanted = (strike: Strike): boolean =>
  process.env['SWEEP'] === undefined || process.env['SWEEP'] === describeStrike(strike);

const AT_ONCE = 4;

/** In real time: ten times as long as a scenario takes. A machine that stands still meanwhile lets calls run out of time. */
const STANDSTILL_MS = 12_000;

/** Plays once more what has failed on a machine that stood still, and says so. */
async function insist(what: string, play: () => Promise<string>): Promise<string> {
  const started = performance.now();
  try {
    return await play();
  } catch (error) {
    const ms = performance.now() - started;
    if (ms < STANDSTILL_MS) throw error;
    console.info(
      `${what} took ${Math.round(ms / 1000)} s of real time and is played again: ${String(error)}`,
    );
    return play();
  }
}

/**
 * Plays one scenario for each strike, several at once, and prints what came of it.
 *
 * @param play gives the end in a word, and throws when it is not right
 * @returns the strikes with a wrong end, one text each
 */
export async function sweep(
  title: string,
  strikes: readonly Strike[],
  play: (strike: Strike, index: number) => Promise<string>,
): Promise<string[]> {
  const started = performance.now();
  const queue = [...strikes.filter(isWanted).entries()];
  const ends = new Map<string, string[]>();
  const failures: string[] = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, strike] = next;
      try {
        const end = await insist(`${title}, ${describeStrike(strike)}`, () => play(strike, index));
        ends.set(end, [...(ends.get(end) ?? []), describeStrike(strike)]);
      } catch (error) {
        const failure = `${title}, ${describeStrike(strike)}: ${String(error)}`;
        console.info(failure);
        failures.push(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const counts = [...ends]
    .map(([end, those]) => `${those.length} ${end}${those.length > 5 ? '' : ` (${those.join(', ')})`}`)
    .join(', ');
  const seconds = Math.round((performance.now() - started) / 1000);
  console.info(`${title}: ${counts || 'none right'}, ${failures.length} wrong (${seconds} s)`);
  return failures;
}
