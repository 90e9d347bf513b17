import { type Cell, describeRate, describeUsual, KINDS } from './cells.ts';

/** A share in percent, without its sign. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return String(value);
  return value < 1 ? value.toFixed(2) : value.toFixed(1);
}

/** Minutes of traffic; those of a judge are whole ones. */
export function minutes(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (value === Number.POSITIVE_INFINITY) return 'never';
  if (Number.isInteger(value)) return String(value);
  return value < 0.1 ? '<0.1' : value.toFixed(1);
}

export const count = (value: number): string =>
  value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');

export const inMinutes = (value: number): string => `${minutes(value)} minute${value === 1 ? '' : 's'}`;

/** Many cells in few words. */
export function listed(cells: readonly Cell[]): string {
  const kinds = KINDS.map((kind) => {
    const rates = grouped(
      cells.filter((cell) => cell.kind === kind),
      ({ rate }) => rate,
    ).map(([rate, ofRate]) => {
      const usuals = grouped(ofRate, ({ usual }) => usual).map(
        ([usual, same]) => `usual ${describeUsual(usual)} (${same.map(({ canary }) => canary).join(', ')})`,
      );
      return `at ${describeRate(rate)} ${usuals.join(', ')}`;
    });
    return rates.length === 0 ? [] : [`${kind} ${rates.join('; ')}`];
  });
  return kinds.flat().join('. ') || 'none';
}

const grouped = <Key>(
  cells: readonly Cell[],
  key: (cell: Cell) => Key,
): readonly (readonly [Key, readonly Cell[]])[] => [...Map.groupBy(cells, key)];
