import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PRESETS, type PresetName } from '../../src/migrations/presets.ts';
import { type MigrationTool, migrationTool } from '../slow/migration-tools.ts';
import { type Database, type Postgres, postgres } from '../slow/postgres.ts';
import { inMigrations, type MigrationWorld } from './migrate-world.ts';
import { environmentOf, type Migration, type Project, project } from './project.ts';

/** A real PostgreSQL, migrated by real tools in tasks that the built action starts. */

const GATE = 42;
const USERS: Migration = { name: 'users', up: ['create table users (id int)'], down: ['drop table users'] };
const MAILS: Migration = { name: 'mails', up: ['create table mails (id int)'], down: ['drop table mails'] };
const half = (second: string): Migration => ({
  name: 'half',
  up: ['create table half (id int)', second, 'create table other (id int)'],
  down: ['drop table other', 'drop table half'],
});
const FAILING = half('select 1/0');
const WAITING = half(`select pg_advisory_xact_lock(${GATE})`);
const MENDED = half('select 1');

/** What is different between them when a migration does not come to its end. */
const TOOLS: Readonly<
  Partial<Record<PresetName, { readonly stopped: readonly string[]; readonly refuses?: RegExp }>>
> = {
  alembic: { stopped: ['users'] },
  // PostgreSQL carries the whole file out.
  'golang-migrate': { stopped: ['half', 'other', 'users'], refuses: /Dirty database version 2/ },
};

interface Scene {
  readonly world: MigrationWorld;
  readonly database: Database;
  readonly shop: Project;
  tables(): Promise<readonly string[]>;
}

// Scaled time leaves the machine idle.
vi.setConfig({ maxConcurrency: 4 });

let server: Postgres;

beforeAll(async () => {
  server = await postgres();
});

afterAll(async () => {
  await server?.stop();
});

describe.concurrent.each(Object.entries(TOOLS))('migrate with %s', (name, { stopped, refuses }) => {
  const preset = name as PresetName;
  let tool: MigrationTool;
  let databases = 0;

  beforeAll(async () => {
    tool = await migrationTool(preset);
  });

  const play = async (scene: (scene: Scene) => Promise<void>) => {
    databases += 1;
    const database = await server.database(`${preset.replace('-', '_')}_${databases}`);
    await inMigrations({ environment: environmentOf(preset, tool, database) }, async (world) => {
      const shop = project(preset, tool, database, world.directory);
      const tables = async () => {
        const ours = ['half', 'mails', 'other', 'users'];
        return (await database.tables()).filter((table) => ours.includes(table));
      };
      await scene({ world, database, shop, tables });
    });
  };

  it('migrates, verifies, finds nothing more to do, and undoes when it is safe', () =>
    play(async ({ world, shop, tables }) => {
      shop.write([USERS, MAILS]);
      const result = await world.migrate({ preset }, world.world.job('1'));
      expect(result.code, result.log).toBe(0);
      expect(result.outputs['outcome']).toBe('migrated');
      expect(await tables()).toEqual(['mails', 'users']);

      const again = await world.migrate({ preset }, world.world.job('2'));
      expect(again.code, again.log).toBe(0);
      expect(again.outputs['outcome']).toBe(PRESETS[preset].status ? 'nothing-to-do' : 'migrated');

      const refused = await world.migrate({ preset, undo: 'true' }, world.world.job('3'));
      expect(refused.code).toBe(1);
      expect(await tables()).toEqual(['mails', 'users']);

      const undo = { preset, undo: 'true', compatible: 'true', 'verify-command': 'none' };
      const undone = await world.migrate(undo, world.world.job('4'));
      expect(undone.code, undone.log).toBe(0);
      expect(undone.outputs['outcome']).toBe('undone');
      expect(await tables()).toEqual(['users']);
    }));

  it('fails with what the database said', () =>
    play(async ({ world, shop, tables }) => {
      shop.write([USERS, FAILING]);
      const result = await world.migrate({ preset });
      expect(result.code).toBe(1);
      expect(result.log).toContain('division by zero');
      expect(result.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '1' });
      expect((await tables()).includes('half')).toBe(false);
      expect(await world.lock()).toMatchObject({ lock: 'free', ended: { outcome: 'failed' } });
    }));

  /** Starts a migration that waits in the middle of its second file. */
  const begin = async ({ world, database, shop }: Scene, run: string, inputs = {}) => {
    shop.write([USERS]);
    const first = await world.migrate({ preset }, world.world.job(`${run}0`));
    expect(first.code, first.log).toBe(0);
    shop.write([USERS, WAITING]);
    const letGo = await database.hold(GATE);
    const job = world.world.job(run);
    const step = world.start({ preset, ...inputs }, job);
    await database.waiting(1);
    return { letGo, job, step };
  };

  /** The database is as the preset says, and a later run goes on from there, or says that a person has to look. */
  const expectStopped = async ({ world, database, shop, tables }: Scene, letGo: () => Promise<void>) => {
    await letGo();
    await database.quiet();
    expect(await tables()).toEqual(stopped);
    shop.write([USERS, MENDED]);
    const next = await world.migrate({ preset }, world.world.job('99'));
    if (refuses) {
      expect(next.log).toMatch(refuses);
      expect(next.code).toBe(1);
      return;
    }
    expect(next.code, next.log).toBe(0);
    expect(await tables()).toEqual(['half', 'other', 'users']);
  };

  it('fails when the command is killed', () =>
    play(async (scene) => {
      const { world } = scene;
      const { command } = PRESETS[preset];
      const script = command[0] === 'sh' ? command[2] : `exec ${command.join(' ')}`;
      const started = `echo $$ > pid; ${script}`;
      const { letGo, step } = await begin(scene, '2', { command: JSON.stringify(['sh', '-c', started]) });
      process.kill(Number(world.read('pid')), 'SIGKILL');
      const result = await step.done;
      expect(result.code).toBe(1);
      expect(result.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '137' });
      expect(result.log).toContain('exit code 137');
      await expectStopped(scene, letGo);
    }));

  it('stops the task when the job is cancelled', () =>
    play(async (scene) => {
      const { letGo, job, step } = await begin(scene, '3');
      const ended = await step.cancel();
      expect(ended.code).toBe(1);
      expect(ended.log).toMatch(/cancel/i);
      const post = await job.post('migrate', ended);
      expect(post.code, post.log).toBe(0);
      expect((await scene.world.lock())['lock']).toBe('free');
      await expectStopped(scene, letGo);
    }));

  it('stops a migration that takes too long, and says what that leaves', () =>
    play(async (scene) => {
      // Ten seconds of real time, in which the tool has to come to where it waits.
      const { letGo, step } = await begin(scene, '4', { timeout: '5m', 'verify-command': 'none' });
      const result = await step.done;
      expect(result.code).toBe(1);
      expect(result.outputs['outcome']).toBe('failed');
      expect(result.log).toContain(PRESETS[preset].interrupted.slice(0, 20));
      await expectStopped(scene, letGo);
    }));

  it('lets a second run wait for the first, and migrates once', () =>
    play(async (scene) => {
      const { world, tables } = scene;
      const { letGo, step } = await begin(scene, '5');
      const second = world.start({ preset }, world.world.job('6'));
      await second.says('is held by');
      await letGo();
      const [one, two] = await Promise.all([step.done, second.done]);
      expect(one.code, one.log).toBe(0);
      expect(two.code, two.log).toBe(0);
      expect(await tables()).toEqual(['half', 'other', 'users']);
    }));

  it('goes on with the task of an attempt whose runner died', () =>
    play(async (scene) => {
      const { world, tables } = scene;
      const { letGo, step } = await begin(scene, '7');
      const tasks = world.calls('RunTask').length;
      step.process.kill('SIGKILL');
      await step.done;
      const second = world.start({ preset, 'verify-command': 'none' }, world.world.job('7', 2));
      await second.says('attempt');
      await letGo();
      const result = await second.done;
      expect(result.code, result.log).toBe(0);
      expect(await tables()).toEqual(['half', 'other', 'users']);
      const probes = PRESETS[preset].status ? 1 : 0;
      expect(world.calls('RunTask').length).toBe(tasks + probes);
    }));
});
