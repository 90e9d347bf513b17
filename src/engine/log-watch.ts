import { ConfigError, type Problem } from '../errors.ts';
import type { EcsTask, LogSearch } from '../ports.ts';
import { logSource } from '../task-run/log-place.ts';
import type { TaskDefinition } from '../taskdef/definition.ts';
import { printable } from '../taskdef/shape.ts';
import { type LogPattern, type MatchedLine, MOST_LINES } from '../watch/log-patterns.ts';

/** Where one container's lines are found: its streams, one for each task. */
export interface LogStreams {
  readonly container: string;
  readonly region: string;
  readonly group: string;
  readonly streamPrefix: string;
}

/** Lines come late, and not in their order: what was written within that time is asked for again. */
const OVERLAP_MS = 5 * 60_000;

/**
 * Where the containers of a task definition log to, as far as CloudWatch Logs tells which task wrote a line.
 *
 * @param region that of the service
 * @returns with what a reader should know of the others, in sentences
 * @throws ConfigError when there is none
 */
export function logStreams(
  definition: TaskDefinition,
  region: string,
): { readonly streams: readonly LogStreams[]; readonly notes: readonly string[] } {
  const streams: LogStreams[] = [];
  const notes: string[] = [];
  for (const { name } of definition.containerDefinitions) {
    const source = logSource(definition, name);
    if (source.kind === 'elsewhere') notes.push(source.why);
    else if (source.prefix === undefined) {
      notes.push(
        `Container ${name} logs without awslogs-stream-prefix, so the streams of its tasks cannot be told apart.`,
      );
    } else {
      const { group, prefix } = source;
      streams.push({
        container: name,
        region: source.region ?? region,
        group,
        streamPrefix: `${prefix}/${name}/`,
      });
      notes.push(...source.notes);
    }
  }
  if (streams.length > 0) return { streams, notes };
  throw new ConfigError({
    input: 'log-patterns',
    message: `no container of the service has a log that can be searched: ${notes.map(printable).join(' ')}`,
  });
}

/** Searches the logs of a service's tasks, for the lines that tasks of one revision have written since a time. */
export class LogWatch {
  readonly #search: LogSearch;
  readonly #describe: (ids: readonly string[]) => Promise<ReadonlyMap<string, EcsTask>>;
  readonly #streams: readonly LogStreams[];
  readonly #patterns: readonly LogPattern[];
  readonly #taskDefinition: string;
  readonly #since: number;
  readonly #found = new Map<string, Map<string, MatchedLine>>();
  /** By the task's id, whether it is one of the revision. */
  readonly #ours = new Map<string, boolean>();
  #askedAt: number;

  /** @param describe tasks by their ids; those that ECS does not know are not in the answer */
  constructor(
    search: LogSearch,
    describe: (ids: readonly string[]) => Promise<ReadonlyMap<string, EcsTask>>,
    what: {
      readonly streams: readonly LogStreams[];
      readonly patterns: readonly LogPattern[];
      readonly taskDefinition: string;
      readonly since: number;
    },
  ) {
    this.#search = search;
    this.#describe = describe;
    this.#streams = what.streams;
    this.#patterns = what.patterns;
    this.#taskDefinition = what.taskDefinition;
    this.#since = what.since;
    this.#askedAt = what.since;
  }

  /** By the name of the pattern, oldest first. */
  get lines(): ReadonlyMap<string, readonly MatchedLine[]> {
    const entries = [...this.#found].map(
      ([name, lines]) => [name, [...lines.values()].sort((a, b) => a.at - b.at)] as const,
    );
    return new Map(entries);
  }

  /** @param now ms since the epoch, before the look */
  async look(now: number): Promise<void> {
    const from = Math.max(this.#since, this.#askedAt - OVERLAP_MS);
    const searches = this.#patterns.flatMap((pattern) =>
      this.#streams.map(async (place) => {
        const found = await this.#search.find({ ...place, pattern: pattern.pattern, from, most: MOST_LINES });
        return { pattern, lines: found === 'no-group' ? [] : found.lines };
      }),
    );
    const found = await Promise.all(searches);
    const fresh = found.flatMap(({ pattern, lines }) => {
      const known = this.#found.get(pattern.name);
      return lines.filter(({ id }) => known?.has(id) !== true).map((line) => ({ pattern, line }));
    });
    await this.#learn(fresh.map(({ line }) => taskOf(line.stream)));
    for (const { pattern, line } of fresh) {
      if (!this.#ours.get(taskOf(line.stream))) continue;
      const lines = this.#found.get(pattern.name) ?? new Map<string, MatchedLine>();
      this.#found.set(pattern.name, lines);
      if (lines.size < MOST_LINES) lines.set(line.id, { at: line.at, text: line.text, stream: line.stream });
    }
    this.#askedAt = now;
  }

  /** A task that ECS does not know yet is asked for again; one that it has forgotten has stopped before. */
  async #learn(ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#ours.has(id));
    if (unknown.length === 0) return;
    for (const [arn, task] of await this.#describe(unknown)) {
      // A task of its own, such as a migration, may run the same revision.
      const ours = task.taskDefinition === this.#taskDefinition && task.startedBy.startsWith('ecs-svc/');
      this.#ours.set(taskOf(arn), ours);
    }
  }
}

const taskOf = (stream: string): string => stream.split('/').at(-1) ?? stream;

/** @throws ConfigError for patterns that CloudWatch does not take, and groups that do not exist */
export async function requireSearchable(
  search: LogSearch,
  streams: readonly LogStreams[],
  patterns: readonly LogPattern[],
  now: number,
): Promise<void> {
  const problems: Problem[] = [];
  const [first] = streams;
  const tries = [
    ...streams.slice(1).map((place) => ({ place, pattern: patterns[0]?.pattern ?? '' })),
    ...(first ? patterns.map(({ pattern }) => ({ place: first, pattern })) : []),
  ];
  await Promise.all(
    tries.map(async ({ place, pattern }) => {
      try {
        const found = await search.find({ ...place, pattern, from: now, most: 1 });
        if (found !== 'no-group') return;
        problems.push({
          input: 'log-patterns',
          message: `there is no log group "${place.group}" in ${place.region}, to which the container ${place.container} logs`,
        });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }),
  );
  const each = new Map(problems.map((problem) => [problem.message, problem]));
  if (each.size > 0) throw new ConfigError([...each.values()]);
}
