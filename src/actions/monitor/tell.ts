import type { WatchEnd } from '../../engine/keep-watch.ts';
import type { WatchedService } from '../../engine/watched-service.ts';
import type { Reporter } from '../../ports.ts';
import { logSearchUrl } from '../../report/console.ts';
import { revision } from '../../report/narrate.ts';
import { type FoundLines, linesForLog } from '../../report/watch-summary.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { describeStop, type StoppedTask } from '../../rollout/judge/evidence.ts';
import type { Watch } from '../../watch/decide.ts';
import { gateOf } from '../../watch/log-patterns.ts';
import type { Inputs } from './inputs.ts';
import type { WatchedLogs } from './prepare.ts';

export type Ended = Exclude<WatchEnd['decision'], 'cancelled'>;

/**
 * Says what is going to be watched, and by what.
 *
 * @param previous ARN of what a rollback leads to; empty where that is not known
 */
export function tellPlan(
  reporter: Reporter,
  { forMs, leastMs, alarms, patterns, onFailure }: Inputs,
  { service, taskDefinition }: WatchedService,
  gates: Watch['gates'],
  previous: string,
): void {
  const soonest = leastMs === undefined ? '' : `, or from ${formatDuration(leastMs)} on until it is sure`;
  reporter.startGroup(
    `Watch ${revision(taskDefinition)} of ${service.name} in ${service.cluster} for ${formatDuration(forMs)}${soonest}`,
  );
  for (const { text } of gates) reporter.info(`gate: ${text}`);
  for (const name of alarms) reporter.info(`alarm: ${name}`);
  for (const { name, pattern } of patterns) reporter.info(`log: ${name}: ${pattern}`);
  const back = previous === '' ? '' : ` to ${revision(previous)}`;
  reporter.info(onFailure === 'fail' ? 'on failure: fail' : `on failure: roll back${back}`);
  reporter.endGroup();
}

/** Warns of gates that only warn, and of what nothing can be said of. */
export function warnOf(reporter: Reporter, decision: Ended): void {
  for (const { gate, text, verdict, warnOnly } of decision.findings) {
    const bad = verdict === 'fail' || verdict === 'abort';
    if (warnOnly && bad) reporter.warning(`${gate}: ${text}`);
    if (warnOnly && verdict === 'no-evidence' && gate.startsWith('alarm ')) {
      reporter.warning(`${gate} ${text}`);
    }
  }
  if (decision.kind !== 'passed') return;
  for (const { gate, text } of decision.unknown) {
    reporter.warning(`Nothing can be said of "${gate}": ${text}. That counts as passed (on-no-evidence).`);
  }
}

/** Says all that is known of a watch that has failed. */
export function tellFailure(
  reporter: Reporter,
  found: readonly FoundLines[],
  decision: Ended,
  crashes: readonly StoppedTask[],
): void {
  for (const each of found) {
    if (each.lines.length === 0) continue;
    reporter.startGroup(`Log lines: ${each.pattern.name}`);
    for (const line of linesForLog(each)) reporter.info(line);
    reporter.info(each.consoleUrl);
    reporter.endGroup();
  }
  if (crashes.length > 0) {
    reporter.startGroup('Stopped tasks');
    for (const task of crashes) reporter.info(describeStop(task));
    reporter.endGroup();
  }
  reporter.startGroup('What the gates said');
  for (const { gate, verdict, text } of decision.findings) reporter.info(`${gate}: ${verdict}, ${text}`);
  reporter.endGroup();
}

/** What each pattern has found, with the page on which it is to be seen. */
export function foundLines(
  { service }: WatchedService,
  { patterns, startedAt }: Watch,
  logs: WatchedLogs | undefined,
  lines: ReadonlyMap<string, FoundLines['lines']>,
): readonly FoundLines[] {
  const [, partition = 'aws'] = service.arn.split(':');
  const { streams = [] } = logs ?? {};
  return patterns.flatMap((pattern) => {
    const found = lines.get(pattern.name) ?? [];
    const place = streams.find(({ streamPrefix }) => found[0]?.stream.startsWith(streamPrefix)) ?? streams[0];
    if (!place) return [];
    return [
      { pattern, lines: found, consoleUrl: logSearchUrl(partition, place, pattern.pattern, startedAt) },
    ];
  });
}

/** Where the lines are to be seen by which a watch has failed. */
export const urlOf = (found: readonly FoundLines[], decision: Ended): string | undefined =>
  found.find(
    ({ pattern }) => decision.kind === 'failed' && decision.reason.startsWith(`${gateOf(pattern)}: `),
  )?.consoleUrl;
