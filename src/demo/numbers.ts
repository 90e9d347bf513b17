/** `1,234`. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** `12 of 3,456 (0.35%)`. */
export const partOf = (part: number, whole: number): string =>
  `${count(part)} of ${count(whole)} (${whole === 0 ? '0' : ((part / whole) * 100).toFixed(2)}%)`;

/** Real time, so short that it is told in ms. */
export const realTime = (ms: number): string =>
  ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
