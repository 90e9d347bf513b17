/** A limit of the account. */
export interface ScenarioQuota {
  readonly name?: string;
  /** What the account was given; only the default is known if not given. */
  readonly value?: number;
  /** The same as `value` if not given. */
  readonly byDefault?: number;
  /** What CloudWatch says is used of it; nothing if not given. */
  readonly used?: number;
}

/** Limits by AWS's codes: `fargate/L-3032A538`. */
export type ScenarioQuotas = Readonly<Record<string, ScenarioQuota>>;

/** How AWS names what it counts. */
export interface UsageMetric {
  readonly namespace: 'AWS/Usage';
  readonly name: 'ResourceCount';
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The vCPUs of tasks on Fargate. */
const FARGATE_CPUS = 'fargate/L-3032A538';

const USUAL_QUOTAS: ScenarioQuotas = {
  [FARGATE_CPUS]: { name: 'Fargate On-Demand vCPU resource count', byDefault: 6, value: 4_000 },
};

/** The usual limits, as far as the scenario says nothing else of them, and those of its own. */
export const quotasOf = (scenario: ScenarioQuotas = {}): ScenarioQuotas => ({
  ...USUAL_QUOTAS,
  ...Object.fromEntries(
    Object.entries(scenario).map(([quota, given]) => [quota, { ...USUAL_QUOTAS[quota], ...given }]),
  ),
});

const DIMENSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [FARGATE_CPUS]: { Class: 'Standard/OnDemand', Resource: 'vCPU', Service: 'Fargate', Type: 'Resource' },
};

/** The metric of a limit's use. */
export function usageMetric(quota: string): UsageMetric {
  const [service = '', code = ''] = quota.split('/');
  const dimensions = DIMENSIONS[quota] ?? {
    Class: 'None',
    Resource: code,
    Service: service,
    Type: 'Resource',
  };
  return { namespace: 'AWS/Usage', name: 'ResourceCount', dimensions };
}
