import { isList, type Json } from '../taskdef/definition.ts';
import type { StatusExpectation } from './request.ts';

export const ANY_SUCCESS: StatusExpectation = { text: '2xx', ranges: [[200, 299]] };

/**
 * Reads `201`, `2xx`, `200-204`, or several of them in a list or with commas between.
 *
 * @returns undefined when it is none of that
 */
export function parseStatus(value: Json): StatusExpectation | undefined {
  const entries = (isList(value) ? value : typeof value === 'string' ? value.split(',') : [value]).map(
    (entry) => (typeof entry === 'string' || typeof entry === 'number' ? String(entry).trim() : ''),
  );
  const ranges = entries.map(rangeOf).filter((range) => range !== undefined);
  if (ranges.length === 0 || ranges.length < entries.length) return undefined;
  return { text: entries.join(' or '), ranges };
}

function rangeOf(text: string): readonly [number, number] | undefined {
  const [, family] = /^([1-5])xx$/i.exec(text) ?? [];
  if (family !== undefined) return [Number(family) * 100, Number(family) * 100 + 99];
  const [, from, to = from] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text) ?? [];
  return from === undefined || Number(from) > Number(to) ? undefined : [Number(from), Number(to)];
}

export const isExpected = (status: number, { ranges }: StatusExpectation): boolean =>
  ranges.some(([from, to]) => status >= from && status <= to);
