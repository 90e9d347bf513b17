import type { Clock } from '../../clock.ts';
import { readBaseline } from '../../engine/baseline.ts';
import { type LogStreams, LogWatch, logStreams, requireSearchable } from '../../engine/log-watch.ts';
import { isMetered, type WatchedService } from '../../engine/watched-service.ts';
import { ConfigError } from '../../errors.ts';
import type { LogSearch, Metrics, Reporter, TaskDefinitions, Tasks } from '../../ports.ts';
import type { Gate } from '../../rollout/gates.ts';
import type { Period } from '../../rollout/judge/evidence.ts';
import { giveWay, looksBack, needsLoadBalancer, POSSIBLE_DEFAULTS } from '../../watch/gates.ts';
import type { Inputs } from './inputs.ts';

/** What a service is watched by, and how it did before the release. */
export interface Standards {
  readonly gates: readonly Gate[];
  readonly before: readonly Period[];
}

/** For so long CloudWatch keeps the metrics of single minutes. */
const KEPT_MS = 15 * 24 * 3_600_000;

/**
 * Holds the gates against how the service did before the release: what it did not meet then is told, and default gates
 * give way to others.
 *
 * @throws ConfigError for gates that this service has no metrics for
 */
export async function settleGates(
  inputs: Inputs,
  watched: WatchedService,
  metrics: Metrics,
  clock: Clock,
  say: Pick<Reporter, 'notice' | 'warning'>,
): Promise<Standards> {
  const given = fitting(inputs, watched);
  const { deployedAt, metered } = watched;
  const asked = inputs.gatesAreDefault && isMetered(watched) ? [...given, ...POSSIBLE_DEFAULTS] : given;
  const known = clock.now() - deployedAt < KEPT_MS;
  const needed = asked.some(({ measure: { kind } }) => kind !== 'crashes' && kind !== 'unhealthy');
  const { periods, unmet } =
    known && needed
      ? await readBaseline(metrics, clock, metered, asked, inputs.customMetrics, {
          ...inputs,
          until: deployedAt,
        })
      : { periods: [], unmet: [] };
  if (!inputs.gatesAreDefault) {
    for (const { gate, text } of unmet) {
      say.warning(
        `The service did not meet "${gate}" before the release either (${text}): the watch may fail by what the release has not brought.`,
      );
    }
    const blind = given.filter((gate) => looksBack(gate) && !periods.some(({ requests }) => requests > 0));
    if (blind.length > 0) {
      say.warning(
        `Nothing is known of the service before the release to compare it with by "${blind.map(({ text }) => text).join('", "')}"; hold it against a number instead, such as error-rate < 1%.`,
      );
    }
    return { gates: given, before: periods };
  }
  const gone = giveWay(given, periods, unmet);
  for (const { gate, instead, why } of gone) {
    const then = instead ? `"${instead.text}" takes its place` : 'it is left out';
    say.notice(
      `"${gate.text}" does not fit: ${why}, so ${then}; write gates of your own for another measure.`,
    );
  }
  const gates = given.flatMap((gate): readonly Gate[] => {
    const way = gone.find((each) => each.gate === gate);
    return way ? (way.instead ? [way.instead] : []) : [gate];
  });
  return { gates, before: periods };
}

/** The gates that the service has anything for. */
function fitting({ gates, gatesAreDefault }: Inputs, watched: WatchedService): readonly Gate[] {
  const { service, targetGroups } = watched;
  const without = (gate: Gate): boolean =>
    (needsLoadBalancer(gate) && !isMetered(watched)) ||
    (gate.measure.kind === 'unhealthy' && targetGroups.length === 0);
  const unfit = gates.filter(without);
  if (unfit.length > 0 && !gatesAreDefault) {
    throw new ConfigError(
      unfit.map(({ text }) => ({
        input: 'gates',
        message: `"${text}": the service "${service.name}" is not behind an Application Load Balancer, so nothing measures that; there are crashes, cpu, memory, metric NAME, alarms and log-patterns`,
      })),
    );
  }
  return gates.filter((gate) => !without(gate));
}

interface LogWorld {
  readonly search: LogSearch;
  readonly tasks: Pick<Tasks, 'describe'>;
  readonly taskDefinitions: TaskDefinitions;
  readonly clock: Clock;
}

/** The log of a watched service. */
export interface WatchedLogs {
  readonly streams: readonly LogStreams[];
  /** @param since lines that were written before do not count; ms since the epoch */
  watch(since: number): LogWatch;
}

/** @throws ConfigError when the log cannot be searched for the patterns */
export async function findLogs(
  { patterns }: Inputs,
  { service, taskDefinition }: WatchedService,
  { search, tasks, taskDefinitions, clock }: LogWorld,
  say: Pick<Reporter, 'warning'>,
): Promise<WatchedLogs> {
  const found = await taskDefinitions.find(taskDefinition);
  const [, , , region = ''] = service.arn.split(':');
  const { streams, notes } = logStreams(
    found?.definition ?? { family: '', containerDefinitions: [] },
    region,
  );
  for (const note of notes) say.warning(note);
  await requireSearchable(search, streams, patterns, clock.now());
  const base = service.arn.replace(':service/', ':task/').replace(/\/[^/]*$/, '');
  return {
    streams,
    watch: (since) =>
      new LogWatch(
        search,
        (ids) =>
          tasks.describe(
            service.cluster,
            ids.map((id) => `${base}/${id}`),
          ),
        {
          streams,
          patterns,
          taskDefinition,
          since,
        },
      ),
  };
}
