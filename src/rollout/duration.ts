import { ConfigError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration such as `90s`, `15m`, `1h30m` or `300ms`; `0` is a duration too.
 *
 * @returns milliseconds
 * @throws ConfigError naming `input` when the text is not a duration
 */
export function parseDuration(text: string, input: string): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(trimmed)) {
    throw new ConfigError({
      input,
      message: `"${text}" is not a duration; write a number with a unit: 90s, 15m or 1h30m`,
    });
  }
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

/**
 * Writes milliseconds as people do: `0s`, `300ms`, `1.5s`, `45s`, `15m`, `1h30m`, `2m5s`. Below ten seconds three
 * digits are kept: response times are compared with bounds such as 1.5 s.
 */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return '0s';
  if (Math.round(ms) < 1000) return `${Number(ms.toPrecision(3))}ms`;
  if (ms < 9_995) return `${Number((ms / 1000).toPrecision(3))}s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([amount]) => amount !== 0)
      .map(([amount, unit]) => `${amount}${unit}`)
      .join('') || '0s'
  );
}
