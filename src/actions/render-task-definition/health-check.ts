import { ConfigError } from '../../errors.ts';
import { parseDuration } from '../../rollout/duration.ts';
import type { JsonObject } from '../../taskdef/definition.ts';
import { parseWords } from '../command-words.ts';
import type { InputReader } from '../input-reader.ts';

/** Seconds that ECS takes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
const SECONDS = {
  interval: { input: 'health-check-interval', min: 5, max: 300 },
  timeout: { input: 'health-check-timeout', min: 2, max: 120 },
  startPeriod: { input: 'health-check-start-period', min: 0, max: 300 },
} as const;

/** The fields of a health check that are given; undefined where none is. */
export async function readHealthCheck(reader: InputReader): Promise<JsonObject | undefined> {
  const check = reader.optional('health-check');
  const command =
    check === undefined
      ? undefined
      : await reader.attemptLater(() => parseCommand(check, 'health-check'), []);
  const given: JsonObject = {
    ...(command && { command }),
    ...Object.fromEntries(
      Object.entries(SECONDS).flatMap(([field, { input, min, max }]) => {
        const seconds = reader.parse<number | undefined>(
          input,
          (text) => parseSeconds(text, input, min, max),
          reader.optional(input) === undefined ? undefined : min,
        );
        return seconds === undefined ? [] : [[field, seconds]];
      }),
    ),
    ...(reader.optional('health-check-retries') !== undefined && {
      retries: reader.integer('health-check-retries', 3, { min: 1, max: 10 }),
    }),
  };
  return Object.keys(given).length > 0 ? given : undefined;
}

/** A line for the container's shell, or the words of a program as a JSON array. */
async function parseCommand(text: string, input: string): Promise<readonly string[]> {
  if (!text.startsWith('[')) return ['CMD-SHELL', text];
  const words = await parseWords(text, input);
  return ['CMD', 'CMD-SHELL', 'NONE'].includes(words[0] ?? '') ? words : ['CMD', ...words];
}

function parseSeconds(text: string, input: string, min: number, max: number): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : parseDuration(text, input) / 1000;
  if (Number.isInteger(seconds) && seconds >= min && seconds <= max) return seconds;
  throw new ConfigError({ input, message: `"${text}" is not from ${min}s to ${max}s in whole seconds` });
}
