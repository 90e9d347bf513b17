import { expect, test } from 'vitest';
import { NAMED, openShop } from '../preflight/preflight-shop.ts';

test('preflight looks at a service with twenty secrets, warns, and reports it for the plan', async () => {
  const shop = await openShop({ alarms: { 'web-5xx': 'INSUFFICIENT_DATA' } });
  const step = await shop.job().run('preflight', NAMED);
  expect(step.code, step.log).toBe(0);
  expect(step.outputs).toMatchObject({ outcome: 'warned', failed: '[]', warned: '["alarms"]' });
  expect(step.log).toContain('20 references lead to a value');
  expect(step.summary).toContain('Preflight passed, with warnings');
  expect(step.outputs['report']).toMatch(/report\.md$/);
  expect(step.log + step.summary).not.toContain('hunter2');
  expect(shop.simulator.bugs).toEqual([]);
});
