import { seededRandom } from '../../../src/simulator/random.ts';
import { binomial, poisson } from '../../../src/simulator/world/chance.ts';
import { burstFactors } from './bursts.ts';
import type { Side } from './contestant.ts';

/** A release, as users meet it. */
export interface Release {
  /** The service's requests per second. */
  readonly rate: number;
  /** What may go wrong: answers 5xx, or responses slower than 300 ms. */
  readonly of: 'errors' | 'slow';
  /** Share of stable's requests that go wrong. */
  readonly usual: number;
  /** Share of the canary's requests that go wrong. */
  readonly canary: number;
  /** Both sides' faults come in bursts, each side's in its own. */
  readonly bursts: boolean;
  /** The canary is as good as stable for so many minutes, and then gets worse for ten. */
  readonly soundFor?: number;
}

/** Stable is known for so long before the release. */
const HISTORY = 180;
/** A leak takes so long from nothing to its whole extent. */
export const LEAK_MINUTES = 10;
/** What else goes wrong on both sides, and what part of the slow requests is slower than 500 ms. */
export const OTHER_ERRORS = 0.0005;
export const OTHER_SLOW = 0.005;
const VERY_SLOW = 0.4;

/** The traffic of one rollout: the same seed gives the same minutes, whoever asks for them. */
export class Traffic {
  readonly before: readonly Side[];
  readonly #release: Release;
  readonly #seed: number;
  readonly #bursts: readonly [stable: () => number, canary: () => number];
  readonly #factors: (readonly [stable: number, canary: number])[] = [];
  readonly #minutes = new Map<number, { readonly canary: Side; readonly stable: Side }>();

  constructor(release: Release, seed: number) {
    this.#release = release;
    this.#seed = seed;
    const random = seededRandom(seed);
    const factors = () => (release.bursts ? burstFactors(random) : () => 1);
    this.#bursts = [factors(), factors()];
    this.before = Array.from({ length: HISTORY }, () =>
      side(random, release, 1, release.usual * this.#bursts[0]()),
    );
  }

  /** @param minute of the rollout, from 0 on */
  minute(minute: number, weight: number): { readonly canary: Side; readonly stable: Side } {
    const key = minute * 101 + weight;
    const known = this.#minutes.get(key);
    if (known) return known;
    while (this.#factors.length <= minute) this.#factors.push([this.#bursts[0](), this.#bursts[1]()]);
    const [stable, canary] = this.#factors[minute] ?? [1, 1];
    const random = seededRandom(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(key + 1, 0x85ebca6b));
    const made = {
      canary: side(random, this.#release, weight / 100, this.#canaryRate(minute) * canary),
      stable: side(random, this.#release, 1 - weight / 100, this.#release.usual * stable),
    };
    this.#minutes.set(key, made);
    return made;
  }

  #canaryRate(minute: number): number {
    const { usual, canary, soundFor } = this.#release;
    if (soundFor === undefined) return canary;
    const grown = Math.min(1, Math.max(0, (minute + 0.5 - soundFor) / LEAK_MINUTES));
    return usual + (canary - usual) * grown;
  }
}

function side(random: () => number, { rate, of }: Release, share: number, faults: number): Side {
  const requests = poisson(random, rate * 60 * share);
  const errors = binomial(random, requests, Math.min(1, of === 'errors' ? faults : OTHER_ERRORS));
  const slow = binomial(random, requests, Math.min(1, of === 'slow' ? faults : OTHER_SLOW));
  return { requests, errors, slow, verySlow: binomial(random, slow, VERY_SLOW) };
}
