import { describe, expect, test } from 'vitest';
import { inWorld, PROMOTED, TAKEN_BACK } from './world.ts';

const LOOK = { cluster: 'prod', service: 'web', checks: 'permissions: off' };

describe.concurrent('a preflight', () => {
  test.each(['ModifyRule', 'UpdateService'])(
    'lets the next attempt of a run go on with what the last one left, which was killed after %s',
    async (operation) => {
      await inWorld({ scale: 200 }, async (world) => {
        world.simulator.faults.add({ kind: 'kill', operation, nth: 1, after: true });
        const running = world.start({ steps: '50% for 3m' });
        await world.called((call) => call.outcome === 'kill');
        running.process.kill('SIGKILL');
        await running.done;
        const again = await world.job('1001', 2).run('preflight', LOOK);
        expect(JSON.parse(again.outputs['failed'] ?? ''), again.log).not.toContain('service');
        expect(JSON.parse(again.outputs['warned'] ?? '')).toContain('service');
        const { outputs, log } = await world.release({ steps: '50% for 3m' }, world.job('1001', 2));
        expect(outputs['outcome'], log).toMatch(/^(promoted|rolled-back)$/);
        return outputs['outcome'] === 'promoted' ? PROMOTED : TAKEN_BACK;
      });
    },
  );
});
