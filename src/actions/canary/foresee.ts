import type { Clock } from '../../clock.ts';
import { requireExpressible, tellStickiness } from '../../engine/expressible.ts';
import { describeRoute } from '../../engine/routes.ts';
import { type Site, surveySite } from '../../engine/site.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import { revision } from '../../report/narrate.ts';
import { type Forecast, foreseeSteps, type Remark } from '../../rollout/forecast.ts';
import type { Gate } from '../../rollout/gates.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import type { Adapters } from '../aws-adapters.ts';
import type { RolloutInputs } from './inputs.ts';
import {
  drainOf,
  findAlarms,
  type Remarks,
  requireQuiet,
  requireReleasable,
  requireSettled,
  requireWayBack,
  settleGates,
} from './prepare.ts';

/** What was found out about a release without changing anything. */
export interface Foreseen {
  /** Absent where the service is not one that traffic can be shifted for. */
  readonly forecast?: Forecast;
  readonly remarks: readonly Remark[];
  /** What speaks against the release until somebody mends it: every reason there is. */
  readonly faults: readonly ConfigError[];
  /** What speaks against it at this moment only: a deployment that is under way, an alarm that fires. */
  readonly situation: readonly DeployError[];
}

export function forecastOf(
  site: Site,
  inputs: RolloutInputs,
  gates: readonly Gate[],
  drainMs: number,
): Forecast {
  const { stable, pairs, routes, scaling } = site;
  const { plan, capacity, metricDelayMs, maxHoldMs, afterHold, timeLimitMs } = inputs;
  return {
    cluster: stable.cluster,
    service: stable.name,
    runs: revision(stable.taskDefinition),
    tasks: stable.desired,
    targetGroups: pairs.map((pair) => pair.stable.name),
    routes: routes.map(describeRoute),
    ...foreseeSteps({ plan, capacity, metricDelayMs, initialTasks: stable.desired }),
    gates: gates.map(({ text, warnOnly }) => ({ text, warnOnly })),
    alarms: inputs.alarms,
    stickiness: tellStickiness(site, inputs.stickiness),
    preTrafficTest: inputs.preTrafficUrl !== undefined,
    hold: { mostMs: maxHoldMs, afterwards: afterHold },
    drainMs,
    ...(timeLimitMs !== undefined && { timeLimitMs }),
    ...(scaling && { scaling: { maxTasks: scaling.max } }),
  };
}

/**
 * Looks at what a release would do, and at everything that speaks against it. Reads only, waits for nothing.
 *
 * @param findDefinition what would be released; its ConfigError is one of the faults
 * @throws DeployError when AWS does not let us look
 */
export async function foresee(
  inputs: RolloutInputs,
  findDefinition: () => Promise<TaskDefinition>,
  aws: Adapters,
  clock: Clock,
): Promise<Foreseen> {
  const faults: ConfigError[] = [];
  const situation: DeployError[] = [];
  const remarks: Remark[] = [];
  const say: Remarks = {
    notice: (text) => remarks.push({ level: 'notice', text }),
    warning: (text) => remarks.push({ level: 'warning', text }),
  };
  const attempt = async <T>(look: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const passes = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      situation.push(error);
    }
  };

  const [definition, site, alarms = []] = await Promise.all([
    attempt(findDefinition),
    attempt(() => surveySite(aws, inputs.cluster, inputs.service)),
    attempt(() => findAlarms(inputs.alarms, aws.metrics)),
  ]);
  passes(() => requireQuiet(alarms));
  if (!site) return { remarks, faults, situation };

  if (definition) await attempt(() => requireReleasable(site, definition));
  if (site.scalingUnknown !== undefined) say.warning(unknownScaling(site.scalingUnknown));
  const [, standards, drainMs] = await Promise.all([
    attempt(() => requireWayBack(site, aws.taskDefinitions)),
    attempt(() => settleGates(inputs, site, aws.metrics, clock, say)),
    drainOf(site, aws.traffic),
  ]);
  if (site.ledger) situation.push(underWay(site.ledger));
  else {
    passes(() => requireSettled(site));
    await attempt(() => requireExpressible(site, inputs));
    if (site.canary?.status === 'ACTIVE') {
      say.warning(`A former run left the service ${site.canaryName}, which a release removes first.`);
    }
  }
  const forecast = forecastOf(site, inputs, standards?.gates ?? inputs.gates, drainMs);
  return { forecast, remarks, faults, situation };
}

export const unknownScaling = (why: string): string =>
  `It is not known whether the service is scaled automatically: ${why}. Its scale-in is not held during the rollout.`;

/** What the service is like once that rollout has ended is not known. */
const underWay = ({ to, phase, holder, service }: NonNullable<Site['ledger']>): DeployError =>
  new DeployError(
    phase === 'done' || phase === 'cleaning'
      ? `${holder} left parts of a canary of ${service}, or is removing them now (${phase})`
      : `a rollout of ${revision(to)} to ${service} has not ended (${phase}); it is held by ${holder}`,
    {
      state: 'Nothing was changed.',
      next: 'If that run is over, run canary without dry-run, or the rollback action, to end what it left.',
    },
  );
