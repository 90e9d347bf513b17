import type { Scenario } from '../../src/simulator/scenario/scenario.ts';

/** An account with nothing in it and no past, whose reads show at once what was written. */
export const EMPTY: Scenario = {
  name: 'nothing',
  history: 0,
  consistencyLag: { min: 0, max: 0 },
  slowOver: 300,
  clusters: [],
  loadBalancers: [],
  targetGroups: [],
  taskDefinitions: [],
  services: [],
  scalableTargets: [],
  alarms: [],
  traffic: [],
  behaviours: {},
};
