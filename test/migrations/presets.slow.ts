import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PRESETS, type PresetName } from '../../src/migrations/presets.ts';
import { type MigrationTool, migrationTool } from '../slow/migration-tools.ts';
import { type Database, type Postgres, postgres } from '../slow/postgres.ts';
import { type Migration, type Project, project } from './project.ts';
import { runCommand, startCommand } from './start-command.ts';

/** Every preset with its real tool against a real PostgreSQL. */

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

const NAMES = Object.keys(PRESETS) as readonly PresetName[];
const OURS = ['half', 'mails', 'other', 'users'];

let server: Postgres;

beforeAll(async () => {
  server = await postgres();
});

afterAll(async () => {
  await server?.stop();
});

describe.each(NAMES)('%s', (name) => {
  const preset = PRESETS[name];
  const behaviour = BEHAVIOUR[name];
  let tool: MigrationTool;
  let database: Database;
  let shop: Project;
  let databases = 0;

  beforeAll(async () => {
    tool = await migrationTool(name);
    expect(tool.version).not.toBe('');
  });

  const begin = async (...migrations: readonly Migration[]) => {
    databases += 1;
    database = await server.database(`${name.replace('-', '_')}_${databases}`);
    shop = project(name, tool, database);
    shop.write(migrations);
  };

  afterEach(() => shop.remove());

  const run = (command: readonly string[]) => runCommand(shop, command);
  const migrate = () => run(preset.command);
  const tables = async () => (await database.tables()).filter((table) => OURS.includes(table));

  const saysYes = async (check: { command: readonly string[] }, pattern: RegExp | undefined) => {
    const { code, output } = await run(check.command);
    return code === 0 && (pattern?.test(output) ?? true);
  };
  /** What the status and the verification say; a preset without a status has no opinion. */
  const verdicts = async () => {
    const { status, verify } = preset;
    return {
      upToDate: status && (await saysYes(status, status.upToDate)),
      verified: verify && (await saysYes(verify, verify.matches)),
    };
  };
  /** golang-migrate knows its version, and not what lies before it. */
  const knowsWhatIsOpen = preset.status !== undefined;
  const all = (value: boolean) => ({ upToDate: knowsWhatIsOpen ? value : undefined, verified: value });

  /** What is left, whether the tool goes on from there, and whether a person can clear it as the preset says. */
  const expectLeft = async (left: Left) => {
    expect(await tables()).toEqual(left.tables);
    expect(await verdicts()).toEqual(all(false));
    shop.write([USERS, MENDED]);
    if (left.refuses) {
      const refused = await migrate();
      expect(refused.output).toMatch(left.refuses);
      expect(refused.code).not.toBe(0);
      for (const step of left.clear ?? []) {
        if (typeof step === 'function') await step(database);
        else expect(await run(step)).toMatchObject({ code: 0 });
      }
    }
    const { code, output } = await migrate();
    expect(code, output).toBe(0);
    expect(await tables()).toEqual(['half', 'other', 'users']);
    expect(await verdicts()).toEqual(all(true));
  };

  it('tells what is open, migrates, verifies, and undoes one migration', async () => {
    await begin(USERS, MAILS);
    expect(await verdicts()).toEqual(all(false));
    const first = await migrate();
    expect(first.code, first.output).toBe(0);
    expect(await tables()).toEqual(['mails', 'users']);
    expect(await verdicts()).toEqual(all(true));
    expect((await migrate()).code).toBe(0);
    if (!preset.undo) return;
    expect(await run(preset.undo)).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(['users']);
    if (knowsWhatIsOpen) expect(await verdicts()).toEqual(all(false));
  });

  it('ends with an exit code when a migration fails, and leaves what the preset says', async () => {
    await begin(USERS);
    await migrate();
    shop.write([USERS, FAILING]);
    const { code, output } = await migrate();
    expect(output).toMatch(/division by zero/);
    expect(code).toBeGreaterThan(0);
    await expectLeft(behaviour.failed);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'leaves what the preset says after %s in the middle',
    async (signal) => {
      await begin(USERS);
      await migrate();
      shop.write([USERS, WAITING]);
      const letGo = await database.hold(GATE);
      const running = startCommand(shop, preset.command);
      await database.waiting(1);
      const { code } = await running.stop(signal);
      expect(code).not.toBe(0);
      // PostgreSQL goes on with the statement, and the transaction is open until that ends.
      await database.waiting(1);
      await letGo();
      await database.quiet();
      await expectLeft(behaviour.stopped);
    },
  );

  it('migrates once when two begin at the same time', async () => {
    await begin(USERS);
    await migrate();
    shop.write([USERS, WAITING]);
    const letGo = await database.hold(GATE);
    const first = startCommand(shop, preset.command);
    await database.waiting(1);
    const before = await database.sessions();
    const second = startCommand(shop, preset.command);
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
    expect(await tables()).toEqual(['half', 'other', 'users']);
    expect(await verdicts()).toEqual(all(true));
  });
});
