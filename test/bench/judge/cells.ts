import { randomOf } from '../../../src/simulator/random.ts';
import type { Release } from './release.ts';

/** What goes wrong: failed requests, slow ones, failed ones in bursts, failed ones more and more. */
export const KINDS = ['errors', 'slow', 'bursts', 'leak'] as const;
export type Kind = (typeof KINDS)[number];

/** Requests per second. */
export const RATES = [0.5, 5, 50, 500, 5000] as const;
/** Shares of stable's requests that go wrong. */
export const USUAL = [0.0005, 0.005, 0.02] as const;
export const CANARIES = ['healthy', '2x', '4x', '10x', '30%'] as const;
export type Canary = (typeof CANARIES)[number];

/** Minutes in which a leak does not show yet. */
export const LEAK_AFTER = 10;

/** One kind of release in one kind of service: what is simulated many times over. */
export interface Cell {
  readonly kind: Kind;
  readonly rate: number;
  readonly usual: number;
  readonly canary: Canary;
}

/** A leak that never shows is a healthy release of the kind `errors`. */
export const CELLS: readonly Cell[] = KINDS.flatMap((kind) =>
  RATES.flatMap((rate) =>
    USUAL.flatMap((usual) =>
      CANARIES.filter((canary) => kind !== 'leak' || canary !== 'healthy').map((canary) => ({
        kind,
        rate,
        usual,
        canary,
      })),
    ),
  ),
);

export const isHealthy = ({ canary }: Cell): boolean => canary === 'healthy';

/** A regression of 4 times the usual rate and more, which no judge has an excuse to promote. */
export const isClear = ({ canary }: Cell): boolean => canary !== 'healthy' && canary !== '2x';

/** Share of the canary's requests that go wrong, in the end. */
export function canaryShare({ usual, canary }: Cell): number {
  switch (canary) {
    case 'healthy':
      return usual;
    case '2x':
      return 2 * usual;
    case '4x':
      return 4 * usual;
    case '10x':
      return 10 * usual;
    case '30%':
      return 0.3;
  }
}

export const releaseOf = (cell: Cell): Release => ({
  rate: cell.rate,
  of: cell.kind === 'slow' ? 'slow' : 'errors',
  usual: cell.usual,
  canary: canaryShare(cell),
  bursts: cell.kind === 'bursts',
  ...(cell.kind === 'leak' && { soundFor: LEAK_AFTER }),
});

/** The healthy release in the same service. */
export const healthyOf = (cell: Cell): Cell => ({
  ...cell,
  kind: cell.kind === 'leak' ? 'errors' : cell.kind,
  canary: 'healthy',
});

export const describeRate = (rate: number): string => `${rate.toLocaleString('en-US')}/s`;
export const describeUsual = (usual: number): string => `${Number((usual * 100).toPrecision(3))}%`;
export const describe = ({ kind, rate, usual, canary }: Cell): string =>
  `${kind}, ${describeRate(rate)}, usual ${describeUsual(usual)}, ${canary}`;

/** A cell's rollouts have the seeds from there on: they depend on the cell alone, not on what else is simulated. */
export const firstSeed = (cell: Cell): number => Math.floor(randomOf(1, describe(cell)) * 2 ** 32);
