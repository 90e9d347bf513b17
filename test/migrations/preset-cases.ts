import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PRESETS, type PresetName } from '../../src/migrations/presets.ts';
import { type MigrationTool, migrationTool } from '../slow/migration-tools.ts';
import { type Database, type Postgres, postgres } from '../slow/postgres.ts';
import { type Migration, type Project, project } from './project.ts';
import { type Ended, type Running, runCommand, startCommand } from './start-command.ts';

/** What every preset has to do with its real tool against a real PostgreSQL. */

const GATE = 42;

const USERS: Migration = { name: 'users', up: ['create table users (id int)'], down: ['drop table users'] };
const MAILS: Migration = { name: 'mails', up: ['create table mails (id int)'], down: ['drop table mails'] };
/** It has done one thing when it fails, or waits, or is stopped. */
const half = (second: string): Migration => ({
  name: 'half',
  up: ['create table half (id int)', second, 'create table other (id int)'],
  down: ['drop table other', 'drop table half'],
});
const FAILING = half('select 1/0');
const WAITING = half(`select pg_advisory_xact_lock(${GATE})`);
const MENDED = half('select 1');

interface Left {
  /** Of the tables that the migrations make. */
  readonly tables: readonly string[];
  /** How the tool refuses to go on; absent where the next run mends everything. */
  readonly refuses?: RegExp;
  /** What a person does about it, in order. */
  readonly clear?: readonly (readonly string[] | ((database: Database) => Promise<unknown>))[];
}

interface Behaviour {
  readonly failed: Left;
  readonly stopped: Left;
  /** How it is known that the second of two has begun, and how it ends. */
  readonly second: {
    readonly begins: 'lock' | 'session' | RegExp;
    readonly code: number;
    readonly says: RegExp;
  };
}

const NOTHING: Left = { tables: ['users'] };
const WAITS = (says: RegExp) => ({ begins: 'lock', code: 0, says }) as const;
const COLLIDES = { begins: 'lock', code: 1, says: /pg_type_typname_nsp_index|already exists/ } as const;
const force = (version: number) => [
  'sh',
  '-c',
  `exec migrate -path migrations -database "$DATABASE_URL" force ${version}`,
];
const resolve = [
  'npx',
  '--no-install',
  'prisma',
  'migrate',
  'resolve',
  '--rolled-back',
  '20260101000002_half',
];
const dropHalf = (database: Database) => database.query('drop table half');

const BEHAVIOUR: Readonly<Record<PresetName, Behaviour>> = {
  alembic: { failed: NOTHING, stopped: NOTHING, second: COLLIDES },
  typeorm: { failed: NOTHING, stopped: NOTHING, second: COLLIDES },
  django: { failed: NOTHING, stopped: NOTHING, second: COLLIDES },
  flyway: {
    failed: NOTHING,
    stopped: NOTHING,
    second: { begins: 'session', code: 0, says: /No migration necessary/ },
  },
  liquibase: {
    failed: NOTHING,
    stopped: {
      ...NOTHING,
      refuses: /Could not acquire change log lock/,
      clear: [['liquibase', 'release-locks']],
    },
    second: { begins: /Waiting for changelog lock/, code: 0, says: /Run: +0\nPreviously run: +2/ },
  },
  prisma: {
    failed: { tables: ['half', 'users'], refuses: /P3009/, clear: [dropHalf, resolve] },
    stopped: { tables: ['half', 'users'], refuses: /P3009/, clear: [dropHalf, resolve] },
    second: WAITS(/No pending migrations to apply/),
  },
  rails: {
    failed: NOTHING,
    stopped: NOTHING,
    second: { begins: /ConcurrentMigrationError/, code: 1, says: /another migration process is currently/ },
  },
  'golang-migrate': {
    failed: { tables: ['users'], refuses: /Dirty database version 2/, clear: [force(1)] },
    // PostgreSQL has the whole file and carries it out, though nobody waits for it.
    stopped: { tables: ['half', 'other', 'users'], refuses: /Dirty database version 2/, clear: [force(2)] },
    second: WAITS(/no change/),
  },
  knex: { failed: NOTHING, stopped: NOTHING, second: WAITS(/Already up to date/) },
};

const OURS = ['half', 'mails', 'other', 'users'];

/** What a tool runs on; each has a file of its own, so that they run beside one another. */
const RUNTIME: Readonly<Record<PresetName, 'java' | 'node' | 'other'>> = {
  flyway: 'java',
  liquibase: 'java',
  typeorm: 'node',
  prisma: 'node',
  knex: 'node',
  alembic: 'other',
  django: 'other',
  rails: 'other',
  'golang-migrate': 'other',
};

/** A database of a test's own, and the project that migrates it. */
class Shop {
  readonly database: Database;
  readonly #name: PresetName;
  readonly #project: Project;

  constructor(name: PresetName, project: Project, database: Database) {
    this.#name = name;
    this.#project = project;
    this.database = database;
  }

  write(...migrations: readonly Migration[]): void {
    this.#project.write(migrations);
  }

  run(command: readonly string[]): Promise<Ended> {
    return runCommand(this.#project, command);
  }

  migrate(): Promise<Ended> {
    return this.run(PRESETS[this.#name].command);
  }

  startMigrating(): Running {
    return startCommand(this.#project, PRESETS[this.#name].command);
  }

  async tables(): Promise<readonly string[]> {
    return (await this.database.tables()).filter((table) => OURS.includes(table));
  }

  /**
   * What the status and the verification say; a preset without a status has no opinion. Most presets ask both with one
   * command, which is then run once.
   */
  async verdicts() {
    const { status, verify } = PRESETS[this.#name];
    const ended = new Map<string, Ended>();
    const saysYes = async (command: readonly string[], pattern: RegExp | undefined) => {
      const key = command.join(' ');
      const its = ended.get(key) ?? (await this.run(command));
      ended.set(key, its);
      const { code, output } = its;
      return code === 0 && (pattern?.test(output) ?? true);
    };
    return {
      upToDate: status && (await saysYes(status.command, status.upToDate)),
      verified: verify && (await saysYes(verify.command, verify.matches)),
    };
  }
}

/** Describes the presets whose tools run on the one runtime. */
export function describePresets(runtime: 'java' | 'node' | 'other'): void {
  // Most of the time they wait: for Liquibase's lock a minute, for the end of every Prisma ten seconds.
  vi.setConfig({ maxConcurrency: 4 });
  let server: Postgres;

  beforeAll(async () => {
    server = await postgres();
  });

  afterAll(async () => {
    await server?.stop();
  });

  const names = (Object.keys(PRESETS) as readonly PresetName[]).filter((name) => RUNTIME[name] === runtime);

  describe.concurrent.each(names)('%s', (name) => {
    const preset = PRESETS[name];
    const behaviour = BEHAVIOUR[name];
    let tool: MigrationTool;
    /** The migration `users` is done in it. */
    let begun: Database;
    let databases = 0;

    beforeAll(async () => {
      tool = await migrationTool(name);
      expect(tool.version).not.toBe('');
      await inShop(undefined, [USERS], async (shop) => {
        const { code, output } = await shop.migrate();
        expect(code, output).toBe(0);
        await shop.database.quiet();
        begun = shop.database;
      });
    });

    /** Plays a test with these migrations and a database of its own: an empty one, or a copy. */
    const inShop = async (
      like: Database | undefined,
      migrations: readonly Migration[],
      play: (shop: Shop) => Promise<void>,
    ) => {
      databases += 1;
      const database = await server.database(`${name.replace('-', '_')}_${databases}`, like);
      const its = project(name, tool, database);
      its.write(migrations);
      try {
        await play(new Shop(name, its, database));
      } finally {
        its.remove();
      }
    };

    /** golang-migrate knows its version, and not what lies before it. */
    const knowsWhatIsOpen = preset.status !== undefined;
    const all = (value: boolean) => ({ upToDate: knowsWhatIsOpen ? value : undefined, verified: value });

    /** What is left, whether the tool goes on from there, and whether a person can clear it as the preset says. */
    const expectLeft = async (shop: Shop, left: Left) => {
      expect(await shop.tables()).toEqual(left.tables);
      expect(await shop.verdicts()).toEqual(all(false));
      shop.write(USERS, MENDED);
      if (left.refuses) {
        const refused = await shop.migrate();
        expect(refused.output).toMatch(left.refuses);
        expect(refused.code).not.toBe(0);
        for (const step of left.clear ?? []) {
          if (typeof step === 'function') await step(shop.database);
          else expect(await shop.run(step)).toMatchObject({ code: 0 });
        }
      }
      const { code, output } = await shop.migrate();
      expect(code, output).toBe(0);
      expect(await shop.tables()).toEqual(['half', 'other', 'users']);
      expect(await shop.verdicts()).toEqual(all(true));
    };

    it('tells what is open, migrates, verifies, and undoes one migration', () =>
      inShop(undefined, [USERS, MAILS], async (shop) => {
        expect(await shop.verdicts()).toEqual(all(false));
        const first = await shop.migrate();
        expect(first.code, first.output).toBe(0);
        expect(await shop.tables()).toEqual(['mails', 'users']);
        expect(await shop.verdicts()).toEqual(all(true));
        expect((await shop.migrate()).code).toBe(0);
        if (!preset.undo) return;
        expect(await shop.run(preset.undo)).toMatchObject({ code: 0 });
        expect(await shop.tables()).toEqual(['users']);
        if (knowsWhatIsOpen) expect(await shop.verdicts()).toEqual(all(false));
      }));

    it('ends with an exit code when a migration fails, and leaves what the preset says', () =>
      inShop(begun, [USERS, FAILING], async (shop) => {
        const { code, output } = await shop.migrate();
        expect(output).toMatch(/division by zero/);
        expect(code).toBeGreaterThan(0);
        await expectLeft(shop, behaviour.failed);
      }));

    it.each(['SIGTERM', 'SIGKILL'] as const)('leaves what the preset says after %s in the middle', (signal) =>
      inShop(begun, [USERS, WAITING], async (shop) => {
        const { database } = shop;
        const letGo = await database.hold(GATE);
        const running = shop.startMigrating();
        await database.waiting(1);
        const { code } = await running.stop(signal);
        expect(code).not.toBe(0);
        // PostgreSQL goes on with the statement, and the transaction is open until that ends.
        await database.waiting(1);
        await letGo();
        await database.quiet();
        await expectLeft(shop, behaviour.stopped);
      }),
    );

    it('migrates once when two begin at the same time', () =>
      inShop(begun, [USERS, WAITING], async (shop) => {
        const { database } = shop;
        const letGo = await database.hold(GATE);
        const first = shop.startMigrating();
        await database.waiting(1);
        const before = await database.sessions();
        const second = shop.startMigrating();
        const { begins, code, says } = behaviour.second;
        if (begins === 'lock') await database.blocked(2);
        else if (begins === 'session') await database.connected(before + 1);
        else await second.saysOrEnds(begins);
        await letGo();
        const one = await first.done;
        expect(one.code, one.output).toBe(0);
        const two = await second.done;
        expect(two.output).toMatch(says);
        expect(two.code, two.output).toBe(code);
        expect(await shop.tables()).toEqual(['half', 'other', 'users']);
        expect(await shop.verdicts()).toEqual(all(true));
      }));
  });
}
