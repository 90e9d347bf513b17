import { ConfigError, type Problem } from '../errors.ts';
import { formatDuration, parseDuration } from '../rollout/duration.ts';
import { type Bound, type Comparison, meets } from '../rollout/gates.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { listLines } from '../rollout/list-lines.ts';

/** What is looked for in the log of a service, and how often it may be there. */
export interface LogPattern {
  readonly name: string;
  /** As CloudWatch Logs takes it. */
  readonly pattern: string;
  /** How many lines there may be in any window; without a window, in the whole watch. */
  readonly bound: Bound;
  readonly windowMs?: number;
  readonly warnOnly: boolean;
}

/** A line that a pattern has found; times in ms since the epoch. */
export interface MatchedLine {
  readonly at: number;
  readonly text: string;
  readonly stream: string;
}

/** Each is searched for in each log group about twice a minute, and CloudWatch allows few searches a second. */
const MOST_PATTERNS = 10;
/** More lines are not counted. */
export const MOST_LINES = 10_000;
/** CloudWatch takes no longer one. */
const LONGEST_PATTERN = 1_024;

const NONE: Bound = { comparison: '=', value: 0 };

const LINE = /^(?<warn>warn\s+)?(?<name>[\w-]+(?:\.[\w-]+)*)\s*:\s*(?<rest>\S.*)$/i;
const BOUND = /^(?<pattern>.*\S)\s+(?<cmp><=|<)\s*(?<value>\d+)(?:\s+per\s+(?<window>\S+))?$/i;

/**
 * Reads patterns, one per line: `[warn] NAME: PATTERN [< NUMBER [per DURATION]]`. Without a bound no line may match.
 *
 * @throws ConfigError naming every line that is wrong
 */
export function parseLogPatterns(text: string): readonly LogPattern[] {
  const problems: Problem[] = [];
  const patterns: LogPattern[] = [];
  for (const [number, line] of listLines(text)) {
    const input = `log-patterns line ${number}`;
    try {
      const read = parseLine(line, input);
      if (patterns.some(({ name }) => name === read.name)) {
        throw new ConfigError({ input, message: `there are two patterns of the name "${read.name}"` });
      }
      patterns.push(read);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (patterns.length > MOST_PATTERNS) {
    problems.push({
      input: 'log-patterns',
      message: `are ${patterns.length}; ${MOST_PATTERNS} are the most: several words go into one pattern (?CRITICAL ?FATAL)`,
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return patterns;
}

function parseLine(line: string, input: string): LogPattern {
  const fail = (message: string): never => {
    throw new ConfigError({ input, message: `"${line}": ${message}` });
  };
  const { warn, name = '', rest = '' } = LINE.exec(line)?.groups ?? {};
  if (name === '') return fail('write a name and a filter pattern, critical: ?CRITICAL ?FATAL');
  const { pattern = rest, cmp, value, window } = BOUND.exec(rest)?.groups ?? {};
  if (pattern.length > LONGEST_PATTERN) fail(`the pattern is longer than ${LONGEST_PATTERN} characters`);
  if ((pattern.replaceAll(/\\./g, '').split('"').length - 1) % 2 === 1) {
    fail('a quotation mark is not closed; a number sign after a blank begins a comment, quoted or not');
  }
  const ignored = ignoredTerm(pattern);
  if (ignored !== undefined) {
    fail(
      `CloudWatch ignores ${ignored} beside a word without a question mark; write ?ONE ?OTHER where one of them is enough`,
    );
  }
  if (/\s(<=|>=|<|>|=)\s*\S+$/.test(pattern) && !/[}\]"]$/.test(pattern)) {
    fail('the bound is not one; write how many lines may match: < 5 per 10m');
  }
  if (cmp === undefined || value === undefined) {
    return { name, pattern, bound: NONE, warnOnly: warn !== undefined };
  }
  const bound = { comparison: cmp as Comparison, value: Number(value) };
  if (!meets(0, bound))
    fail('even a log without such a line would not meet it; leave the bound out for none');
  if (bound.value >= MOST_LINES) fail(`no more than ${MOST_LINES} lines are counted`);
  const windowMs = window === undefined ? undefined : parseDuration(window, input);
  if (windowMs !== undefined && windowMs <= 0) fail(`"${window}" is no time in which lines may come`);
  return { name, pattern, bound, warnOnly: warn !== undefined, ...(windowMs !== undefined && { windowMs }) };
}

/**
 * A `?term` that has no effect, because it stands beside others.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
function ignoredTerm(pattern: string): string | undefined {
  if (/^[{[%]/.test(pattern)) return undefined;
  const terms = pattern.match(/[-?]?(?:"(?:[^"\\]|\\.)*"|\S+)/g) ?? [];
  const optional = terms.find((term) => term.startsWith('?'));
  return terms.every((term) => term.startsWith('?')) ? undefined : optional;
}

/** As the name of a gate. */
export const gateOf = ({ name }: LogPattern): string => `log ${name}`;

/** Judges how many lines there were in the worst window; literally, and as soon as they are seen. */
export function judgeLines(logPattern: LogPattern, lines: readonly MatchedLine[]): Finding {
  const { bound, windowMs, warnOnly } = logPattern;
  const gate = gateOf(logPattern);
  const { count, since } = worstWindow(lines, windowMs);
  const allowed =
    bound.value === 0 || (bound.comparison === '<' && bound.value === 1)
      ? 'none may be there'
      : `${bound.comparison === '<' ? 'fewer than' : 'up to'} ${bound.value} may be there`;
  const where = windowMs === undefined ? 'since the watch began' : `in the worst ${formatDuration(windowMs)}`;
  const first = since === undefined ? '' : `, the first at ${time(since)} UTC`;
  const text = `${count} matching ${count === 1 ? 'line' : 'lines'} ${where}${first}; ${allowed}`;
  return meets(count, bound)
    ? { gate, verdict: 'pass', text, sure: true, warnOnly }
    : { gate, verdict: 'abort', text, warnOnly };
}

/** The window with the most lines in it. */
function worstWindow(
  lines: readonly MatchedLine[],
  windowMs = Number.POSITIVE_INFINITY,
): { readonly count: number; readonly since: number | undefined } {
  const times = lines.map(({ at }) => at).sort((a, b) => a - b);
  let worst: { count: number; since: number | undefined } = { count: 0, since: undefined };
  let first = 0;
  for (const [last, at] of times.entries()) {
    while (at - (times[first] ?? at) >= windowMs) first++;
    if (last - first + 1 > worst.count) worst = { count: last - first + 1, since: times[first] };
  }
  return worst;
}

const time = (ms: number): string => new Date(ms).toISOString().slice(11, 19);
