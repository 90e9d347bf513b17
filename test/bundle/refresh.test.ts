import { expect, test } from 'vitest';
import { refreshShop, rotate, startRefresh, startsOfTasks } from './refresh-shop.ts';
import { inWorld } from './world.ts';

test('after a rotation, every task is started anew, and no user notices', async () => {
  await inWorld({ scenario: refreshShop(), scale: 1_000 }, async (world) => {
    const rotatedAt = await rotate(world, 'new');
    const { outputs, log } = await startRefresh(world, { 'only-if-rotated': 'true' }).done;
    expect(outputs['outcome'], log).toBe('promoted');
    expect(log).toContain('web: DB_PASSWORD');
    expect(outputs['task-definition-arn']).toMatch(/web:2$/);
    expect(outputs['previous-task-definition-arn']).toMatch(/web:1$/);
    await world.clock.sleep(120_000);
    const starts = await startsOfTasks(world);
    expect(starts).toHaveLength(4);
    expect(Math.min(...starts)).toBeGreaterThan(rotatedAt);
    expect(world.failures).toEqual([]);
    return { runs: 'web:2' };
  });
});
