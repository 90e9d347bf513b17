import { expect, test } from 'vitest';
import { readinessOf, type ServiceState } from '../../src/smoke-test/readiness.ts';

const group = (healthy: number, more: Partial<ServiceState['targetGroups'][number]> = {}) => ({
  name: 'web',
  healthy,
  unhealthy: 0,
  initial: 0,
  reasons: [],
  ...more,
});

const state = (more: Partial<ServiceState>): ServiceState => ({
  desired: 2,
  running: 2,
  deployments: 1,
  targetGroups: [group(2)],
  ...more,
});

test.each<[Partial<ServiceState>, boolean, string]>([
  [{}, true, '2/2 tasks running, 2/2 targets of web healthy'],
  [{ targetGroups: [] }, true, '2/2 tasks running'],
  [{ running: 1 }, false, '1/2 tasks running, 2/2 targets of web healthy'],
  [{ running: 3 }, false, '3/2 tasks running, 2/2 targets of web healthy'],
  [{ deployments: 2 }, false, '2/2 tasks running, 2 deployments under way, 2/2 targets of web healthy'],
  [
    {
      targetGroups: [group(2), group(1, { name: 'admin', unhealthy: 1, reasons: ['Target.Timeout: slow'] })],
    },
    false,
    '2/2 tasks running, 2/2 targets of web healthy, 1/2 targets of admin healthy (Target.Timeout: slow)',
  ],
  [{ targetGroups: [group(2, { initial: 1 })] }, false, '2/2 tasks running, 2/2 targets of web healthy'],
  [
    { desired: 0, running: 0, targetGroups: [group(0)] },
    false,
    '0/0 tasks running, 0/0 targets of web healthy',
  ],
])('%j is ready: %s', (more, ready, line) => {
  expect(readinessOf(state(more))).toEqual({ ready, line });
});
