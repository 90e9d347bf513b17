import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/simulator/random.ts';
import { pythonWithScipy } from '../../slow/tools.ts';
import { mannWhitney, type Shift, shiftInterval } from './mann-whitney.ts';

/** The statistics of the Kayenta contestant, judged by SciPy. */

const SAMPLES = 400;
const CONFIDENCE = 0.98;
const DEVIATES = 2.3263478740408408;
const TOLERANCE = 1e-4;
/** The search ends within its tolerance of where the statistic jumps. */
const STEP = 2 * TOLERANCE;

interface Sample {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly shift: Shift;
}

/** What SciPy says of a sample: of it as it is, and of `x` moved by somewhat less and more than each of our shifts. */
interface Verdict {
  readonly u: number;
  readonly twoSided: number;
  readonly greater: number;
  readonly lower: Pair;
  readonly upper: Pair;
  readonly estimate: Pair;
}

/** How likely as large a U is, or as small a one for the upper bound; for the estimate, U against its mean. */
interface Pair {
  readonly before: number;
  readonly after: number;
}

const SCRIPT = `
import json, sys
import numpy as np
from scipy.stats import mannwhitneyu, norm
given = json.load(sys.stdin)
step = given['step']
def test(x, y, alternative):
    return mannwhitneyu(x, y, use_continuity=True, method='asymptotic', alternative=alternative)
def around(of, shift):
    return {'before': float(of(shift - step)), 'after': float(of(shift + step))}
def verdict(sample):
    x, y, shift = np.array(sample['x']), np.array(sample['y']), sample['shift']
    return {
        'u': float(test(x, y, 'two-sided').statistic),
        'twoSided': float(test(x, y, 'two-sided').pvalue),
        'greater': float(test(x, y, 'greater').pvalue),
        'lower': around(lambda mu: test(x - mu, y, 'greater').pvalue, shift['lower']),
        'upper': around(lambda mu: test(x - mu, y, 'less').pvalue, shift['upper']),
        'estimate': around(lambda mu: test(x - mu, y, 'greater').statistic - len(x) * len(y) / 2, shift['estimate']),
    }
json.dump({
    'deviates': float(norm.ppf((1 + given['confidence']) / 2)),
    'verdicts': [verdict(sample) for sample in given['samples']],
}, sys.stdout)
`;

let samples: readonly Sample[];
let verdicts: readonly Verdict[];
let deviates: number;

beforeAll(async () => {
  samples = Array.from({ length: SAMPLES }, (_, seed) => draw(seed + 1));
  const input = JSON.stringify({ samples, step: STEP, confidence: CONFIDENCE });
  const output = execFileSync(await pythonWithScipy(), ['-c', SCRIPT], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  ({ verdicts, deviates } = JSON.parse(output));
});

describe('SciPy agrees on', () => {
  it('U and its p-values', () => {
    let worst = 0;
    for (const [index, { x, y }] of samples.entries()) {
      const ours = mannWhitney(x, y);
      const theirs = verdicts[index] as Verdict;
      for (const key of ['u', 'twoSided', 'greater'] as const) {
        worst = Math.max(worst, Math.abs(ours[key] - theirs[key]));
      }
    }
    console.log(
      `U and p-values of ${samples.length} samples, ${samples.filter(isTied).length} with ties: within ${worst}`,
    );
    expect(worst).toBeLessThan(1e-9);
    expect(samples.filter(isTied).length).toBeGreaterThan(SAMPLES / 2);
  });

  it('the deviates of the confidence', () => {
    expect(DEVIATES).toBeCloseTo(deviates, 12);
  });

  it('where the shift is rejected, and where it no longer is', () => {
    const level = (1 - CONFIDENCE) / 2;
    let crossed = 0;
    const against = samples.flatMap(({ x, y, shift }, index) => {
      const { lower, upper, estimate } = verdicts[index] as Verdict;
      // At the ends of the search nothing is rejected, however far one goes.
      const [lowest, highest] = [Math.min(...x) - Math.max(...y), Math.max(...x) - Math.min(...y)];
      const atLowest = shift.lower === lowest;
      const atHighest = shift.upper === highest;
      crossed += Number(!atLowest) + Number(!atHighest);
      const right = {
        lower: (atLowest || lower.before <= level) && lower.after >= level,
        upper: upper.before >= level && (atHighest || upper.after <= level),
        // The continuity correction takes U for its mean when it is half a pair from it.
        estimate: estimate.before >= -0.5 && estimate.after <= 0.5,
      };
      return Object.values(right).every(Boolean) ? [] : [{ index, x, y, shift, ...verdicts[index] }];
    });
    console.log(
      `bounds that cross the critical value: ${crossed} of ${2 * samples.length}, the others are at an end`,
    );
    expect(against).toEqual([]);
    expect(crossed).toBeGreaterThan(SAMPLES);
  });
});

const isTied = ({ x, y }: Sample): boolean => new Set([...x, ...y]).size < x.length + y.length;

/** Error rates per minute in percent, most of few requests and so with many ties, some without any. */
function draw(seed: number): Sample {
  const random = seededRandom(seed);
  const requests = [6, 15, 60, 300, 6000][seed % 5] as number;
  const faulty = [0.002, 0.01, 0.05, 0.3][Math.floor(random() * 4)] as number;
  const rates = (length: number, share: number): readonly number[] =>
    Array.from({ length }, () => {
      if (seed % 7 === 0) return 100 * share * (1 + random());
      const spread = Math.sqrt(share * requests * (1 - share));
      const errors = Math.round(share * requests + spread * (random() + random() + random() - 1.5) * 2);
      return (Math.min(requests, Math.max(0, errors)) / requests) * 100;
    });
  const x = rates(2 + Math.floor(random() * 44), faulty * (random() < 0.5 ? 1 : 1 + random()));
  const y = rates(2 + Math.floor(random() * 44), faulty);
  const shift = shiftInterval(x, y, DEVIATES, TOLERANCE);
  return shift ? { x, y, shift } : draw(seed + SAMPLES);
}
