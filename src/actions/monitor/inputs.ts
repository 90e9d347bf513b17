import type { CustomMetric } from '../../engine/evidence-source.ts';
import { ConfigError } from '../../errors.ts';
import { lockParameter } from '../../migrations/lock.ts';
import type { Stacks } from '../../ports.ts';
import { formatDuration } from '../../rollout/duration.ts';
import type { Gate } from '../../rollout/gates.ts';
import { DEFAULT_WATCH_GATES, parseWatchGates } from '../../watch/gates.ts';
import { type LogPattern, parseLogPatterns } from '../../watch/log-patterns.ts';
import { readAlarmNames } from '../alarm-names.ts';
import { parseCustomMetrics } from '../canary/custom-metrics.ts';
import { readConfigured } from '../configured-inputs.ts';
import { type DeploymentInputs, readDeploymentInputs } from '../github-deployments.ts';
import type { InputSource } from '../input-reader.ts';
import { parseRevision, type RevisionReference } from '../revision-reference.ts';
import { readPlace } from '../service-place.ts';

export interface Inputs {
  readonly cluster: string;
  readonly service: string;
  /** What is watched; without it, what the service runs. */
  readonly taskDefinition: RevisionReference | undefined;
  readonly forMs: number;
  readonly leastMs: number | undefined;
  readonly gates: readonly Gate[];
  readonly gatesAreDefault: boolean;
  readonly customMetrics: Readonly<Record<string, CustomMetric>>;
  readonly alarms: readonly string[];
  readonly patterns: readonly LogPattern[];
  readonly minRequests: number;
  readonly metricDelayMs: number;
  readonly onFailure: 'roll-back' | 'fail';
  readonly onNoEvidence: 'proceed' | 'fail';
  /** The lock under which `migrate` keeps its record, where it is not the service's own. */
  readonly lock: string | undefined;
  readonly deployment: DeploymentInputs | undefined;
  readonly dryRun: boolean;
}

/** Inputs that a `config` file may hold. */
export const CONFIG_KEYS = [
  'cluster',
  'service',
  'task-definition',
  'for',
  'until-confident',
  'gates',
  'alarms',
  'log-patterns',
  'min-requests',
  'metric-delay',
  'on-failure',
  'on-no-evidence',
  'lock',
  'environment',
  'environment-url',
  'dry-run',
] as const;

const MINUTE = 60_000;
const LONGEST_MS = 24 * 60 * MINUTE;
/** A metric's minute has to lie wholly in the watch, wherever in a minute that begins. */
const SHORTEST_MS = 2 * MINUTE;

/** @throws ConfigError with every problem of every input */
export async function readInputs(
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<Inputs> {
  const { reader, need, config, path } = await readConfigured(input, workspace, stacks, CONFIG_KEYS);
  const customMetrics = reader.attempt(() => parseCustomMetrics(config.structures['metrics'], path), {});
  const gates = reader.optional('gates');
  const forMs = reader.duration('for', 30 * MINUTE);
  const leastMs =
    reader.optional('until-confident') === undefined
      ? undefined
      : reader.duration('until-confident', SHORTEST_MS);
  const inputs: Inputs = {
    ...readPlace(reader, region, { read: need }),
    taskDefinition: reader.parse(
      'task-definition',
      (text) => parseRevision(text, 'task-definition', region),
      undefined,
    ),
    forMs,
    leastMs,
    gates: reader.attempt(
      () => parseWatchGates(gates ?? DEFAULT_WATCH_GATES, Object.keys(customMetrics)),
      [],
    ),
    gatesAreDefault: gates === undefined,
    customMetrics,
    alarms: readAlarmNames(reader, region),
    patterns: reader.parse('log-patterns', parseLogPatterns, []),
    minRequests: reader.integer('min-requests', 100, { min: 1, max: 1_000_000_000 }),
    metricDelayMs: reader.duration('metric-delay', 3 * MINUTE),
    onFailure: reader.oneOf('on-failure', ['roll-back', 'fail'] as const, 'roll-back'),
    onNoEvidence: reader.oneOf('on-no-evidence', ['proceed', 'fail'] as const, 'proceed'),
    lock: reader.parse('lock', parseLock, undefined),
    deployment: readDeploymentInputs(reader),
    dryRun: reader.boolean('dry-run', false),
  };
  if (forMs < SHORTEST_MS || forMs > LONGEST_MS) {
    reader.problem('for', `"${formatDuration(forMs)}" is not between 2m and 24h`);
  } else if (leastMs !== undefined && (leastMs < SHORTEST_MS || leastMs >= forMs)) {
    reader.problem(
      'until-confident',
      `"${formatDuration(leastMs)}" is not between 2m and the whole time, ${formatDuration(forMs)}`,
    );
  }
  reader.finish();
  return inputs;
}

function parseLock(lock: string): string {
  lockParameter(lock, 'lock');
  if (lock === 'none') throw new ConfigError({ input: 'lock', message: '"none" is not the name of a lock' });
  return lock;
}
