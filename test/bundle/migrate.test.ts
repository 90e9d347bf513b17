import { describe, expect, it } from 'vitest';
import { inMigrations } from '../migrations/migrate-world.ts';

// More of it, in slower time: test/migrations/migrate.slow.ts.
describe('migrate', () => {
  it('runs a command in a task of the service, and its exit code decides', () =>
    inMigrations({ scale: 100 }, async (world) => {
      const result = await world.migrate({
        commands: '["sh", "-c", "echo one >> log"]\n["sh", "-c", "echo broken; exit 3"]\ntouch never',
      });
      expect(result.code).toBe(1);
      expect(result.log).toMatch(/^broken$/m);
      expect(result.log).toContain('exit code 3');
      expect(world.read('log')).toBe('one\n');
      expect(result.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '3' });
      expect(await world.lock()).toMatchObject({ lock: 'free', ended: { outcome: 'failed' } });
    }));

  it('names everything that is wrong with the inputs at once, and asks nothing of AWS', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({ preset: 'sqitch', timeout: 'soon', undo: 'true' });
      expect(result.code).toBe(1);
      for (const input of ['preset', 'timeout', 'undo-command']) {
        expect(result.log).toContain(`::error::${input}: `);
      }
      expect(world.world.calls).toEqual([]);
    }));
});
