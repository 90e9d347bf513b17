/** What a service and its target groups say of its tasks. */
export interface ServiceState {
  readonly desired: number;
  readonly running: number;
  /** Deployments that ECS is at; one when it has settled. */
  readonly deployments: number;
  readonly targetGroups: readonly {
    readonly name: string;
    readonly healthy: number;
    readonly unhealthy: number;
    readonly initial: number;
    readonly reasons: readonly string[];
  }[];
}

export interface Readiness {
  readonly ready: boolean;
  /** `2/2 tasks running, 2/2 targets of web healthy` */
  readonly line: string;
}

/** Whether all tasks of a service run and all its targets are healthy. */
export function readinessOf({ desired, running, deployments, targetGroups }: ServiceState): Readiness {
  const parts = [
    `${running}/${desired} tasks running`,
    ...(deployments > 1 ? [`${deployments} deployments under way`] : []),
    ...targetGroups.map(({ name, healthy, reasons }) => {
      const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
      return `${healthy}/${desired} targets of ${name} healthy${why}`;
    }),
  ];
  const ready =
    desired > 0 &&
    running === desired &&
    deployments <= 1 &&
    targetGroups.every(
      ({ healthy, unhealthy, initial }) => healthy >= desired && unhealthy === 0 && initial === 0,
    );
  return { ready, line: parts.join(', ') };
}
