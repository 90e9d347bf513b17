import type { CustomMetric } from '../../engine/evidence-source.ts';
import type { Stickiness } from '../../engine/routes.ts';
import { ConfigError } from '../../errors.ts';
import type { Stacks } from '../../ports.ts';
import type { Capacity } from '../../rollout/capacity.ts';
import type { OnNoEvidence } from '../../rollout/controller.ts';
import { DEFAULT_GATES } from '../../rollout/default-gates.ts';
import { formatDuration, parseDuration } from '../../rollout/duration.ts';
import { parseGates } from '../../rollout/gate-syntax.ts';
import type { Gate } from '../../rollout/gates.ts';
import {
  complete,
  type Plan,
  parseBake,
  parseSteps,
  STRATEGIES,
  STRATEGY_NAMES,
} from '../../rollout/plan.ts';
import { readAlarmNames } from '../alarm-names.ts';
import { parseCapacity } from '../capacity-input.ts';
import { type Need, readConfigured } from '../configured-inputs.ts';
import { type DeploymentInputs, readDeploymentInputs } from '../github-deployments.ts';
import type { InputReader, InputSource } from '../input-reader.ts';
import { foreignRegion } from '../job-region.ts';
import { readPlace } from '../service-place.ts';
import { parseCustomMetrics } from './custom-metrics.ts';

/** How a release to a service is to be made, whatever is released. */
export interface RolloutInputs {
  readonly cluster: string;
  readonly service: string;
  readonly plan: Plan;
  readonly gates: readonly Gate[];
  /** Whether the user wrote no gates; the default ones give way where stable itself does not meet them. */
  readonly gatesAreDefault: boolean;
  readonly alarms: readonly string[];
  readonly minRequests: number;
  readonly onNoEvidence: OnNoEvidence;
  readonly maxHoldMs: number;
  readonly afterHold: 'roll-back' | 'proceed';
  readonly onStableFailing: 'hold' | 'proceed';
  readonly stickiness: Stickiness;
  readonly preTrafficUrl: string | undefined;
  readonly preTrafficHeader: string;
  readonly capacity: Capacity;
  readonly metricDelayMs: number;
  readonly healthyTimeoutMs: number;
  readonly customMetrics: Readonly<Record<string, CustomMetric>>;
  /** After which a rollout that is not over is taken back; `undefined` without a limit. */
  readonly timeLimitMs: number | undefined;
  readonly dryRun: boolean;
}

export interface Inputs extends RolloutInputs {
  /** A file, `family:revision`, or an ARN. */
  readonly taskDefinition: string;
  readonly deployment: DeploymentInputs | undefined;
}

/** Inputs that a `config` file may hold; all but `config` itself. */
export const CONFIG_KEYS = [
  'cluster',
  'service',
  'task-definition',
  'strategy',
  'steps',
  'bake',
  'gates',
  'alarms',
  'min-requests',
  'on-no-evidence',
  'max-hold',
  'after-hold',
  'on-stable-failing',
  'stickiness',
  'pre-traffic-url',
  'pre-traffic-header',
  'capacity',
  'metric-delay',
  'healthy-timeout',
  'time-limit',
  'environment',
  'environment-url',
  'dry-run',
] as const;

const MINUTE = 60_000;

/** @throws ConfigError with every problem of every input */
export const readInputs = (
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<Inputs> =>
  readWith(input, workspace, stacks, region, (need, reader) => ({
    taskDefinition: readDefinition(need, reader, region),
    deployment: readDeploymentInputs(reader),
  }));

/**
 * The same inputs without what is released.
 *
 * @throws ConfigError with every problem of every input
 */
export const readRolloutInputs = (
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<RolloutInputs> => readWith(input, workspace, stacks, region, () => ({}));

/**
 * The same inputs, and what an action reads besides.
 *
 * @param region of the job
 * @param keys what may stand in a `config` file
 * @throws ConfigError with every problem of every input
 */
export async function readWith<Released>(
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
  readReleased: (need: Need, reader: InputReader) => Released,
  keys: readonly string[] = CONFIG_KEYS,
): Promise<RolloutInputs & Released> {
  const { reader, need, config, path } = await readConfigured(input, workspace, stacks, keys);
  const customMetrics = reader.attempt(() => parseCustomMetrics(config.structures['metrics'], path), {});
  const gatesText = reader.optional('gates');
  const inputs = {
    ...readPlace(reader, region, { read: need }),
    ...readReleased(need, reader),
    plan: readPlan(reader),
    gates: reader.attempt(() => parseGates(gatesText ?? DEFAULT_GATES, Object.keys(customMetrics)), []),
    gatesAreDefault: gatesText === undefined,
    alarms: readAlarmNames(reader, region),
    minRequests: reader.integer('min-requests', 100, { min: 1, max: 1_000_000_000 }),
    onNoEvidence: reader.oneOf('on-no-evidence', ['auto', 'hold', 'roll-back', 'proceed'] as const, 'auto'),
    maxHoldMs: reader.duration('max-hold', 30 * MINUTE),
    afterHold: reader.oneOf('after-hold', ['roll-back', 'proceed'] as const, 'roll-back'),
    onStableFailing: reader.oneOf('on-stable-failing', ['hold', 'proceed'] as const, 'hold'),
    stickiness: reader.parse('stickiness', parseStickiness, 'keep'),
    preTrafficUrl: reader.parse('pre-traffic-url', parseUrl, undefined),
    preTrafficHeader: reader.parse('pre-traffic-header', parseHeader, 'X-Deploy-Actions-Canary'),
    capacity: reader.parse('capacity', parseCapacity, { mode: 'auto', atLeast: 1 }),
    metricDelayMs: reader.duration('metric-delay', 3 * MINUTE),
    healthyTimeoutMs: reader.duration('healthy-timeout', 10 * MINUTE),
    customMetrics,
    timeLimitMs: reader.parse('time-limit', (text) => parseDuration(text, 'time-limit'), undefined),
    dryRun: reader.boolean('dry-run', false),
  } satisfies RolloutInputs;
  // A step that bakes ends when the metrics of its last minute are there.
  const baked = inputs.plan.filter(({ bakeMs }) => bakeMs > 0);
  const least = baked.reduce((total, { bakeMs }) => total + bakeMs + inputs.metricDelayMs, 0);
  if (inputs.timeLimitMs !== undefined && inputs.timeLimitMs <= least) {
    reader.problem(
      'time-limit',
      `${formatDuration(inputs.timeLimitMs)} is not enough: the steps alone take ${formatDuration(least)}, and tasks have to start and to be replaced`,
    );
  }
  reader.finish();
  return inputs;
}

function readDefinition(need: Need, reader: InputReader, region: string | undefined): string {
  const text = need('task-definition', 'task-definition.json');
  const foreign = foreignRegion(text, region);
  if (foreign !== undefined) reader.problem('task-definition', foreign);
  return text;
}

function readPlan(reader: InputReader): Plan {
  const strategy = reader.oneOf('strategy', STRATEGY_NAMES, 'canary');
  const steps = reader.parse('steps', parseSteps, undefined);
  const bake = reader.parse('bake', parseBake, (plan: Plan) => plan);
  const plan = steps ?? STRATEGIES[strategy];
  return complete(reader.attempt(() => bake(plan), plan));
}

function parseStickiness(text: string): Stickiness {
  if (text === 'keep' || text === 'off') return text;
  const seconds = parseDuration(text, 'stickiness') / 1000;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 604_800) {
    throw new ConfigError({
      input: 'stickiness',
      message: `"${text}" is not between 1s and 168h; or write keep or off`,
    });
  }
  return seconds;
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new ConfigError({
    input: 'pre-traffic-url',
    message: `"${text}" is not a URL; write https://HOST/PATH`,
  });
}

function parseHeader(text: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(text)) return text;
  throw new ConfigError({
    input: 'pre-traffic-header',
    message: `"${text}" is not the name of a header: up to 40 letters, digits, hyphens and underscores`,
  });
}
