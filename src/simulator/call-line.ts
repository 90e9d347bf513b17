import { styleText } from 'node:util';
import type { RecordedCall } from './server.ts';

const DETAILS = 120;

/** One call as a line of the log: the simulated time, what was called, what was answered, and what was asked. */
export function callLine({ n, time, service, operation, shown, outcome, fault, ms }: RecordedCall): string {
  const colour = outcome === 'ok' ? 'green' : 'red';
  const struck = fault === undefined ? '' : ` (fault: ${fault})`;
  const asked =
    JSON.stringify(shown, (_, value) => (value instanceof Uint8Array ? `${value.length} bytes` : value)) ??
    '';
  const details = asked.length > DETAILS ? `${asked.slice(0, DETAILS)}…` : asked;
  return [
    styleText('dim', `${new Date(time).toISOString().slice(11, 23)} #${n}`),
    `${service}.${operation}`,
    styleText(colour, `${outcome}${struck}`),
    styleText('dim', `${Math.round(ms)} ms ${details}`),
  ].join('  ');
}
