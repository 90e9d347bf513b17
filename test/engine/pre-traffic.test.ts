import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { type PreTrafficTest, runPreTrafficTest } from '../../src/engine/pre-traffic.ts';
import { Routes } from '../../src/engine/routes.ts';
import { type Pair, routesTo } from '../../src/engine/site.ts';
import type { Route, Traffic } from '../../src/ports.ts';

const group = (name: string) => ({ arn: name, name, loadBalancerArns: ['lb'], protocol: 'HTTP' });
const pairOf = (name: string): Pair => ({
  stable: group(name),
  canaryName: `canary-${name}`,
  canary: group(`canary-${name}`),
});
const rule = (priority: number, to: string): Route => ({
  ruleArn: `rule-${priority}`,
  listenerArn: 'listener',
  isDefault: false,
  priority,
  groups: [{ arn: to, weight: 1 }],
  stickinessSeconds: undefined,
});

/** A listener that others write to as well, and a clock that stands still but for sleeps. */
function stage(pairs: readonly Pair[], existing: readonly Route[]) {
  const rules = [...existing];
  const slept: number[] = [];
  let before: (priority: number) => void = () => undefined;
  const made: { priority: number; value: string; targetGroupArn: string }[] = [];
  const traffic: Pick<Traffic, 'routes' | 'createHeaderRule' | 'deleteRule'> = {
    routes: async () => [...rules],
    async createHeaderRule({ priority, value, header, targetGroupArn }) {
      before(priority);
      if (rules.some((other) => other.priority === priority)) return 'taken';
      rules.push({ ...rule(priority, targetGroupArn), header: { name: header, values: [value] } });
      made.push({ priority, value, targetGroupArn });
      return 'made';
    },
    async deleteRule(arn) {
      rules.splice(
        rules.findIndex(({ ruleArn }) => ruleArn === arn),
        1,
      );
    },
  };
  const clock: Clock = {
    now: () => 0,
    scale: 1,
    sleep: async (ms, signal) => {
      if (!signal?.aborted) slept.push(ms);
    },
  };
  const site = {
    loadBalancerArns: ['lb'],
    pairs,
    routes: routesTo(existing, pairs),
    allRoutes: existing,
    targetStickiness: new Map<string, number>(),
  };
  const routes = new Routes(traffic as Traffic, site, 'keep');
  const run = (test: Partial<PreTrafficTest> = {}) =>
    runPreTrafficTest(
      { url: 'http://shop/', header: { name: 'X-Canary', value: 'r-1' }, get: async () => 200, ...test },
      { traffic: traffic as Traffic, clock, routes, tags: {} },
    );
  return {
    rules,
    made,
    slept,
    run,
    meanwhile(act: (priority: number) => void) {
      before = act;
    },
  };
}

describe('the test before the first user', () => {
  it('has a rule for each canary, before every route, and none left afterwards', async () => {
    const at = stage([pairOf('web'), pairOf('admin')], [rule(5, 'web'), rule(6, 'admin'), rule(9, 'web')]);
    const asked: string[] = [];
    await at.run({
      get: async (_, headers) => {
        asked.push(headers['X-Canary'] ?? '');
        return 200;
      },
    });
    expect(at.made).toEqual([
      { priority: 1, value: 'r-1', targetGroupArn: 'canary-web' },
      { priority: 2, value: 'r-1-2', targetGroupArn: 'canary-admin' },
    ]);
    expect(new Set(asked)).toEqual(new Set(['r-1', 'r-1-2']));
    expect(at.rules).toHaveLength(3);
  });

  it('takes the next number when somebody was quicker', async () => {
    const at = stage([pairOf('web')], [rule(5, 'web')]);
    at.meanwhile((priority) => {
      if (priority < 3) at.rules.push(rule(priority, 'other'));
    });
    await at.run();
    expect(at.made.map(({ priority }) => priority)).toEqual([3]);
  });

  it('takes its own rule for made when the answer to it was lost', async () => {
    const at = stage([pairOf('web')], [rule(5, 'web')]);
    at.meanwhile((priority) => {
      const header = { name: 'x-canary', values: ['r-1'] };
      at.rules.push({ ...rule(priority, 'canary-web'), header });
    });
    await at.run();
    expect(at.made).toEqual([]);
    expect(at.rules).toHaveLength(1);
  });

  it('does not take the rule of a run before it for its own', async () => {
    const header = { name: 'X-Canary', values: ['r-0'] };
    const at = stage([pairOf('web')], [{ ...rule(1, 'canary-web'), header }, rule(5, 'web')]);
    await at.run();
    expect(at.made.map(({ priority }) => priority)).toEqual([2]);
    expect(at.rules).toHaveLength(1);
  });

  it('gives up when every number is taken as soon as it is free', async () => {
    const at = stage([pairOf('web')], [rule(50, 'web')]);
    at.meanwhile((priority) => at.rules.push(rule(priority, 'other')));
    await expect(at.run()).rejects.toThrow('every priority that was free is taken by now, 5 the last');
  });

  it('ends at once when the run is cancelled', async () => {
    const at = stage([pairOf('web')], [rule(5, 'web')]);
    const cancelled = new AbortController();
    let asked = 0;
    const test = at.run({
      signal: cancelled.signal,
      get: async () => {
        asked++;
        cancelled.abort();
        throw new Error('aborted');
      },
    });
    await expect(test).rejects.toThrow('interrupted');
    expect(asked).toBe(1);
  });

  it('fails when one canary of two does, and says what lies beneath', async () => {
    const at = stage([pairOf('web'), pairOf('admin')], [rule(5, 'web'), rule(6, 'admin')]);
    const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    const test = at.run({
      get: async (_, headers) => {
        if (headers['X-Canary'] === 'r-1') return 200;
        throw new TypeError('fetch failed', { cause: refused });
      },
    });
    await expect(test).rejects.toThrow('answered 200, fetch failed: ECONNREFUSED, 200,');
    expect(at.rules).toHaveLength(2);
  });
});
