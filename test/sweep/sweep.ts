import type { WorldOptions } from '../bundle/world.ts';

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
  'max-hold': '10m',
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

/** Calls to strike, from `SWEEP_CALLS="37"` or `"37-40"`; all without it. */
function wanted(call: number): boolean {
  const setting = process.env['SWEEP_CALLS'];
  if (setting === undefined) return true;
  const [from = 1, to = from] = setting.split('-').map(Number);
  return call >= from && call <= to;
}

export interface Strike {
  readonly call: number;
  /** What happened in the end, or why it was wrong. */
  readonly end: string;
  readonly failed: boolean;
}

const AT_ONCE = 4;

/**
 * Plays one scenario for each call from 1 to `calls`, several at once, and prints what came of it.
 *
 * @param play gives the end in a word, and throws when it is not right
 * @returns the strikes with a wrong end, one text each
 */
export async function sweep(
  title: string,
  calls: number,
  play: (call: number) => Promise<string>,
): Promise<string[]> {
  const started = performance.now();
  const queue = Array.from({ length: calls }, (_, index) => index + 1).filter(wanted);
  const strikes: Strike[] = [];
  const work = async () => {
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
      const struck = call;
      strikes.push(
        await play(struck).then(
          (end) => ({ call: struck, end, failed: false }),
          (error: unknown) => ({ call: struck, end: String(error), failed: true }),
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const ends = Map.groupBy(
    strikes.filter(({ failed }) => !failed),
    ({ end }) => end,
  );
  const counts = [...ends].map(([end, those]) => `${those.length} ${end}`).join(', ');
  const failures = strikes.filter(({ failed }) => failed).sort((a, b) => a.call - b.call);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.info(
    `${title}: ${strikes.length} runs in ${seconds} s: ${counts || 'none right'}; ${failures.length} wrong`,
  );
  return failures.map(({ call, end }) => `${title}, call ${call}: ${end}`);
}
