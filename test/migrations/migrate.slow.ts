import { describe, expect, it, vi } from 'vitest';
import { inMigrations } from './migrate-world.ts';

const say = (...lines: string[]) => JSON.stringify(['sh', '-c', lines.join('\n')]);

// Commands that sleep in real time leave the machine idle.
vi.setConfig({ maxConcurrency: 4 });

describe.concurrent('migrate', () => {
  it('runs the command in a task of the service, shows its log, and verifies', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({
        image: 'app:v2',
        command: say('echo upgrading to 42', 'echo 42 > version', 'echo TEST=$TEST'),
        'verify-command': say('cat version'),
        'verify-matches': '^42$',
        'environment-variables': 'TEST=yes',
        compatible: 'true',
        backup: 'shop-db-pre-deploy-20260105-1001',
      });
      expect(result.log).toContain('upgrading to 42');
      expect(result.log).toContain('TEST=yes');
      expect(result.code, result.log).toBe(0);
      expect(result.outputs).toMatchObject({ outcome: 'migrated', 'exit-code': '0', compatible: 'true' });
      expect(result.outputs['task-definition-arn']).toContain('task-definition/web:');
      expect(result.outputs['task-arns']?.split('\n')).toHaveLength(2);
      expect(result.summary).toContain('The database was migrated and verified');
      const lock = await world.lock();
      expect(lock['lock']).toBe('free');
      expect(lock['ended']).toMatchObject({
        outcome: 'migrated',
        compatible: true,
        backups: ['shop-db-pre-deploy-20260105-1001'],
      });
    }));

  it('fails with the exit code, says so, and runs nothing after it', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({
        commands: `${say('echo one')}\n${say('echo two; echo broken >&2; exit 3')}\n${say('echo three > three')}`,
        backup: 'shop-db-1',
      });
      expect(result.code).toBe(1);
      expect(result.log).toContain('broken');
      expect(result.log).toMatch(/exit code 3/);
      expect(result.log).toContain('1 of 3 commands ended well before it.');
      expect(result.log).toContain('shop-db-1');
      expect(world.read('three')).toBe('');
      expect(result.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '3' });
      expect((await world.lock())['lock']).toBe('free');
    }));

  it('runs without a service in the cluster of an ARN, and in none of that name in this account where it is of another', () =>
    inMigrations({}, async (world) => {
      const migrateIn = (account: string) =>
        world.migrate({
          cluster: `arn:aws:ecs:eu-west-1:${account}:cluster/prod`,
          service: '',
          'task-definition': 'web:1',
          subnets: 'subnet-1',
          lock: 'shopdb',
          command: say('echo done >> log'),
        });
      const refused = await migrateIn('210987654321');
      expect(refused.code).toBe(1);
      expect(refused.log).toContain(
        '::error::cluster: the cluster "prod" is in another account than the credentials of this job',
      );
      expect(refused.log).not.toContain('210987654321');
      expect(world.read('log')).toBe('');
      expect(await world.lock('shopdb')).toMatchObject({ lock: 'free' });

      const { code, log } = await migrateIn('123456789012');
      expect(code, log).toBe(0);
      expect(log).toContain('in the cluster prod on');
      expect(world.read('log')).toBe('done\n');
      expect(await world.lock('shopdb')).toMatchObject({ lock: 'free', ended: { outcome: 'migrated' } });
    }));

  it('goes on with the command that failed when the job is run again, and repeats none before it', () =>
    inMigrations({}, async (world) => {
      const inputs = {
        commands: `${say('echo one >> log')}\n${say('echo two >> log', 'test -e mended')}\n${say('echo three >> log')}`,
      };
      expect((await world.migrate(inputs, world.world.job('7', 1))).code).toBe(1);
      world.script('mended', '');
      const again = await world.migrate(inputs, world.world.job('7', 2));
      expect(again.code, again.log).toBe(0);
      expect(world.read('log')).toBe('one\ntwo\ntwo\nthree\n');
      const third = await world.migrate(inputs, world.world.job('7', 3));
      expect(third.code, third.log).toBe(0);
      expect(world.read('log')).toBe('one\ntwo\ntwo\nthree\n');
    }));

  it('runs a command again that ended with 0 only because it was told to stop', () =>
    inMigrations({}, async (world) => {
      const wait = 'test -e mended || { sleep 60 & wait; }';
      const inputs = { command: say("trap 'exit 0' TERM", wait, 'echo done >> log'), timeout: '60s' };
      expect((await world.migrate(inputs, world.world.job('8', 1))).code).toBe(1);
      world.script('mended', '');
      const again = await world.migrate(inputs, world.world.job('8', 2));
      expect(again.code, again.log).toBe(0);
      expect(world.read('log')).toBe('done\n');
    }));

  it('does nothing when the status says that there is nothing to do', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({
        command: say('touch migrated'),
        'status-command': say('echo all is applied'),
        'status-matches': 'all is applied',
        'verify-command': say('false'),
      });
      expect(result.code, result.log).toBe(0);
      expect(result.outputs['outcome']).toBe('nothing-to-do');
      expect(world.calls('RunTask')).toHaveLength(1);
    }));

  it('lets one wait for the other', () =>
    inMigrations({}, async (world) => {
      const command = say('echo begin >> log', 'sleep 1', 'echo end >> log');
      const results = await Promise.all(
        ['11', '12', '13'].map((run) => world.migrate({ command }, world.world.job(run))),
      );
      expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(world.read('log')).toBe('begin\nend\n'.repeat(3));
      expect(results.map(({ log }) => log).join()).toContain(
        'is held by https://github.com/org/web/actions/runs/',
      );
    }));

  it('stops the task when the job is cancelled, and frees the lock in the post step', () =>
    inMigrations({}, async (world) => {
      const job = world.world.job('21');
      const step = world.start({ command: say('echo started', 'sleep 60', 'echo done >> log') }, job);
      await step.says(/^started$/m);
      const ended = await step.cancel();
      expect(ended.code).toBe(1);
      expect(ended.signal).toBeNull();
      expect(ended.log).toMatch(/cancel/i);
      const post = await job.post('migrate', ended);
      expect(post.code, post.log).toBe(0);
      expect((await world.lock())['lock']).toBe('free');
      expect(world.read('log')).toBe('');
    }));

  it('records nothing when it is cancelled before the container has started', () =>
    inMigrations({ scale: 10 }, async (world) => {
      const job = world.world.job('24');
      const step = world.start({ command: say('echo ran >> log') }, job);
      await step.says(/is provisioned/);
      const ended = await step.cancel();
      expect(ended.log).toContain('Container web never ran.');
      await job.post('migrate', ended);
      const lock = await world.lock();
      expect(lock['lock']).toBe('free');
      expect(lock['ended']).toBeUndefined();
      expect(world.read('log')).toBe('');
    }));

  it('begins again after a task that was being stopped when the job was run again', () =>
    inMigrations({ scale: 10 }, async (world) => {
      const inputs = {
        command: say(
          "test -e mended || trap '' TERM",
          'echo up',
          'test -e mended || sleep 4',
          'echo ran >> log',
        ),
      };
      const step = world.start(inputs, world.world.job('25', 1));
      await step.says(/^up$/m);
      await step.cancel();
      world.script('mended', '');
      const again = await world.migrate(inputs, world.world.job('25', 2));
      expect(again.code, again.log).toBe(0);
      expect(world.calls('RunTask')).toHaveLength(2);
    }));

  it('keeps the lock in the post step for as long as the command runs on after it was told to stop', () =>
    inMigrations({ scale: 10 }, async (world) => {
      const job = world.world.job('22');
      const beats = 'for i in $(seq 100); do echo $i > beat; sleep 0.1; done';
      const step = world.start({ command: say("trap '' TERM", 'echo started', beats) }, job);
      await step.says(/^started$/m);
      const post = await job.post('migrate', await step.cancel());
      expect(post.code, post.log).toBe(0);
      expect((await world.lock())['lock']).toBe('free');
      const beat = world.read('beat');
      await world.world.clock.sleep(5_000);
      expect(world.read('beat')).toBe(beat);
    }));

  it('leaves no record of a command that never ran, and frees the lock', () =>
    inMigrations({}, async (world) => {
      const inputs = { command: '["no-such-program"]', 'status-command': say('exit 1') };
      const result = await world.migrate(inputs, world.world.job('23'));
      expect(result.code).toBe(1);
      expect(result.log).toContain('Container web never ran');
      const lock = await world.lock();
      expect(lock['lock']).toBe('free');
      expect(lock['ended']).toBeUndefined();
    }));

  it('does not begin when the status cannot be told, and leaves no record of it', () =>
    inMigrations({}, async (world) => {
      const status = { 'status-command': say('sleep 30'), timeout: '60s' };
      const result = await world.migrate({ ...status, command: say('echo ran >> log') });
      expect(result.code).toBe(1);
      expect(result.log).toContain('The migration was not begun.');
      expect(world.calls('RunTask')).toHaveLength(1);
      expect(world.read('log')).toBe('');
      expect((await world.lock())['ended']).toBeUndefined();
    }));

  it('finds the task of an attempt that was killed, and starts no second one', () =>
    inMigrations({}, async (world) => {
      const inputs = { command: say('for i in 1 2 3; do echo line $i; sleep 1; done', 'echo ran >> log') };
      const first = world.start(inputs, world.world.job('31', 1));
      await first.says(/^line 1$/m);
      first.process.kill('SIGKILL');
      await first.done;
      const second = await world.migrate(inputs, world.world.job('31', 2));
      expect(second.code, second.log).toBe(0);
      expect(second.log.match(/^line \d$/gm)).toEqual(['line 1', 'line 2', 'line 3']);
      expect(world.calls('RunTask')).toHaveLength(1);
      expect(world.read('log')).toBe('ran\n');
    }));

  it('says that it runs a command again whose end ECS has forgotten', () =>
    inMigrations({ scale: 300 }, async (world) => {
      const inputs = { command: say('echo ran >> log') };
      const first = world.start(inputs, world.world.job('32', 1));
      await first.says(/is provisioned/);
      first.process.kill('SIGKILL');
      await first.done;
      await world.world.clock.sleep(2 * 3_600_000);
      const second = await world.migrate(inputs, world.world.job('32', 2));
      expect(second.code, second.log).toBe(0);
      expect(second.log).toContain('ECS has forgotten the task');
      expect(world.read('log')).toBe('ran\nran\n');
    }));

  it('waits for the task of another run that was killed', () =>
    inMigrations({}, async (world) => {
      const first = world.start(
        { command: say('echo begin >> log; echo up', 'sleep 3', 'echo end >> log') },
        world.world.job('41'),
      );
      await first.says(/^up$/m);
      first.process.kill('SIGKILL');
      const second = await world.migrate({ command: say('echo second >> log') }, world.world.job('42'));
      expect(second.code, second.log).toBe(0);
      expect(world.read('log')).toBe('begin\nend\nsecond\n');
    }));

  it('stops a command that takes too long, and asks the database afterwards', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({
        command: say('echo working', 'sleep 60'),
        timeout: '60s',
        'verify-command': say('echo revision 41'),
      });
      expect(result.code).toBe(1);
      expect(result.log).toContain('revision 41');
      expect(result.outputs['outcome']).toBe('failed');
      expect((await world.lock())['ended']).toMatchObject({ outcome: 'stopped' });
    }));

  it('refuses an undo that nobody calls safe, and names the backup', () =>
    inMigrations({}, async (world) => {
      await world.migrate({ command: say('true'), backup: 'shop-db-1', compatible: 'true' });
      const before = world.calls('RunTask').length;
      const undo = { undo: 'true', 'undo-command': say('echo undone >> log') };
      const refused = await world.migrate(undo, world.world.job('52'));
      expect(refused.code).toBe(1);
      expect(refused.log).toContain('Fix forward');
      expect(refused.log).toContain('shop-db-1');
      expect(world.calls('RunTask')).toHaveLength(before);
      const done = await world.migrate({ ...undo, compatible: 'true' }, world.world.job('53'));
      expect(done.code, done.log).toBe(0);
      expect(done.outputs['outcome']).toBe('undone');
      expect(world.read('log')).toBe('undone\n');
    }));

  it('migrates again when a run is run again whose migration was undone', () =>
    inMigrations({}, async (world) => {
      const up = { command: say('echo up >> log') };
      const down = { undo: 'true', compatible: 'true', 'undo-command': say('echo down >> log') };
      await world.migrate(up, world.world.job('54', 1));
      await world.migrate(down, world.world.job('55', 1));
      const again = await world.migrate(up, world.world.job('54', 2));
      expect(again.code, again.log).toBe(0);
      await world.migrate(down, world.world.job('55', 2));
      expect(world.read('log')).toBe('up\ndown\nup\ndown\n');
    }));

  it('neither repeats what an earlier attempt has done nor calls it done when the status says otherwise', () =>
    inMigrations({}, async (world) => {
      const inputs = {
        command: say('echo up >> log', 'touch migrated'),
        'status-command': say('test -e migrated'),
      };
      expect((await world.migrate(inputs, world.world.job('61', 1))).code).toBe(0);
      world.remove('migrated');
      const again = await world.migrate(inputs, world.world.job('61', 2));
      expect(again.code, again.log).toBe(1);
      expect(again.log).toContain('although an earlier attempt of this run has migrated');
      expect(world.read('log')).toBe('up\n');
      const other = await world.migrate(inputs, world.world.job('62'));
      expect(other.code, other.log).toBe(0);
      expect(world.read('log')).toBe('up\nup\n');
    }));

  it('starts one task though the answer of RunTask is lost', () =>
    inMigrations(
      { faults: [{ kind: 'lost-answer', service: 'ECS', operation: 'RunTask', nth: 1 }] },
      async (world) => {
        const result = await world.migrate({ command: say('echo ran >> log') });
        expect(result.code, result.log).toBe(0);
        expect(world.read('log')).toBe('ran\n');
      },
    ));

  it('leaves a task that nobody has heard of to the post step, which stops it', () =>
    inMigrations(
      {
        faults: [
          { kind: 'timeout', service: 'ECS', operation: 'RunTask', nth: 1, after: true, times: 12 },
          { kind: 'internal-error', service: 'SSM', operation: 'PutParameter', nth: 3, times: 500 },
        ],
      },
      async (world) => {
        const job = world.world.job('56');
        const result = await world.migrate({ command: say('sleep 60; echo ran >> log') }, job);
        expect(result.log).toContain('Whether ECS has started the task is not known');
        world.world.simulator.faults.clear();
        const post = await job.post('migrate', result);
        expect(post.code, post.log).toBe(0);
        expect(world.calls('StopTask')).toHaveLength(1);
        expect(await world.lock()).toMatchObject({ lock: 'free', ended: { outcome: 'stopped' } });
      },
    ));

  it('keeps words of commands out of AWS', () =>
    inMigrations({}, async (world) => {
      await world.migrate({ command: say('true # hunter2') });
      const history = world.calls('PutParameter').map(({ input }) => JSON.stringify(input));
      expect(history.length).toBeGreaterThan(2);
      expect(history.join()).not.toContain('hunter2');
    }));

  it('names everything that is wrong with the inputs at once, and changes nothing', () =>
    inMigrations({}, async (world) => {
      const result = await world.migrate({
        preset: 'sqitch',
        commands: 'a && b',
        timeout: 'soon',
        compatible: 'perhaps',
        subnets: 'net-1',
        'verify-matches': '(',
        'launch-type': 'FARGATE',
        'capacity-providers': 'FARGATE_SPOT=1',
      });
      expect(result.code).toBe(1);
      for (const input of [
        'preset',
        'commands line 1',
        'timeout',
        'compatible',
        'subnets',
        'verify-matches',
        'launch-type',
      ]) {
        expect(result.log).toContain(`::error::${input}: `);
      }
      expect(world.world.changes).toEqual([]);
    }));
});
