import { expect } from 'vitest';
import type { ScenarioBehaviour } from '../../src/simulator/scenario/scenario.ts';
import { inWorld, TAKEN_BACK } from './world.ts';

/** A config file's own metrics. */
export const METRICS = `
metrics:
  bad-requests:
    namespace: AWS/ApplicationELB
    metric: HTTPCode_Target_4XX_Count
    dimensions: { LoadBalancer: '{load-balancer}', TargetGroup: '{target-group}' }
    stat: Sum
  bad-percent:
    expression: 100 * bad / total
    metrics:
      bad:
        namespace: AWS/ApplicationELB
        metric: HTTPCode_Target_4XX_Count
        dimensions: { LoadBalancer: '{load-balancer}', TargetGroup: '{target-group}' }
        stat: Sum
      total:
        namespace: AWS/ApplicationELB
        metric: RequestCount
        dimensions: { LoadBalancer: '{load-balancer}', TargetGroup: '{target-group}' }
        stat: Sum
`;

export const SLOW: ScenarioBehaviour = { latency: { p50: 250, p95: 700 } };
const WEAK: ScenarioBehaviour = { capacity: 10 };

type Failing = readonly [gate: string, behaviour: ScenarioBehaviour, said: RegExp];

/** Each gate, a behaviour that it has to catch, and how it says so. */
export const FAILING: readonly Failing[] = [
  ['error-rate < 1%', { errorRate: 0.03 }, /\d+ of \d+ requests \([1-4]\.\d+%\) answered 5xx/],
  ['error-rate < 1% abort > 2%', { errorRate: 0.05 }, /\d+ of \d+ requests \(\d\.\d+%\) answered 5xx/],
  ['error-rate < 1% abort > 2%', { unansweredRate: 0.1 }, /answered 5xx or, \d+ of them, not at all/],
  [
    'latency-p95 < 300ms abort > 500ms',
    { unansweredRate: 0.2 },
    /took longer than 500ms or, \d+ of them, not at all/,
  ],
  ['http-4xx-rate < 5%', { clientErrorRate: 0.2 }, /answered 4xx/],
  ['latency-p50 < 100ms', SLOW, /took longer than 100ms/],
  ['latency-p90 < 300ms', SLOW, /took longer than 300ms/],
  ['latency-p95 < 300ms abort > 500ms', SLOW, /took longer than (300|500)ms/],
  ['latency-p99 < 500ms', SLOW, /took longer than 500ms/],
  ['latency-avg < 200ms', SLOW, /\d+ms on average/],
  ['http-5xx < 10 per 1m', { errorRate: 0.05 }, /\d\d answers 5xx in the worst 1m/],
  ['http-5xx < 40 per 2m', { errorRate: 0.05 }, /\d\d answers 5xx in the worst 2m/],
  ['http-4xx < 40', { clientErrorRate: 0.1 }, /\d\d answers 4xx in the worst 1m/],
  ['cpu < 50%', WEAK, /(5|6|7)\d(\.\d)?% on average/],
  ['memory < 80%', { memory: 0.95 }, /95% on average/],
  ['metric bad-requests < 30', { clientErrorRate: 0.2 }, /1\d\d on average/],
  ['metric bad-percent < 5', { clientErrorRate: 0.2 }, /on average/],
];

export const nameOf = ([gate, behaviour]: Failing): string => `${gate}: ${Object.keys(behaviour)}`;

/** A release of that behaviour is taken back by the gate, which says so. */
export const takesBack = ([gate, behaviour, said]: Failing): Promise<void> =>
  inWorld({ behaviours: { 'app:v2': behaviour } }, async (world) => {
    const job = world.job();
    job.file('canary.yml', METRICS);
    const step = await world.release({ config: 'canary.yml', steps: '50% for 3m', gates: gate }, job);
    expect(step.code).toBe(1);
    expect(step.outputs['outcome']).toBe('rolled-back');
    expect(step.outputs['reason']).toContain(`${gate}: `);
    expect(step.outputs['reason']).toMatch(said);
    expect(step.log).toContain(`::error::web:2 was taken back: ${gate.replaceAll('%', '%25')}: `);
    return TAKEN_BACK;
  });
