import { describe, expect, test } from 'vitest';
import { inWorld, PROMOTED, TAKEN_BACK } from './world.ts';

describe.concurrent('a release', () => {
  test('is promoted when nothing is wrong with it', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release();
      expect(step.log).toContain('web:2 is promoted');
      expect(step.code).toBe(0);
      await world.expectSettled(PROMOTED, 4);
      return PROMOTED;
    });
  });

  test('is taken back when it fails', async () => {
    await inWorld({ behaviours: { 'app:v2': { errorRate: 0.05 } } }, async (world) => {
      const step = await world.release();
      expect(step.log).toContain('web:2 was taken back');
      expect(step.code).toBe(1);
      return TAKEN_BACK;
    });
  });
});
