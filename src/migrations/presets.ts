export interface Preset {
  /** The program and its arguments: ECS runs no shell. */
  readonly command: readonly string[];
  /** Tells before whether there is anything to do. There is not if it ends with 0 and, given a pattern, matches it. */
  readonly status?: { readonly command: readonly string[]; readonly upToDate?: RegExp };
  /** Asks the tool afterwards. It has to end with 0 and, given a pattern, to match it. */
  readonly verify?: { readonly command: readonly string[]; readonly matches?: RegExp };
  /** Undoes the newest migration; absent where the tool cannot be told so without more. */
  readonly undo?: readonly string[];
  /** What the commands expect in the container. */
  readonly needs: string;
  /** What a stop in the middle leaves in the database, by its engine where that matters, and how to clear it. */
  readonly interrupted: string;
  /** Whether a migration that fails leaves the same. */
  readonly failureLeavesTheSame?: true;
}

export type PresetName =
  | 'alembic'
  | 'typeorm'
  | 'flyway'
  | 'liquibase'
  | 'prisma'
  | 'rails'
  | 'django'
  | 'golang-migrate'
  | 'knex';

const npx = (...args: readonly string[]) => ['npx', '--no-install', ...args] as const;
const typeorm = (verb: string) => npx('typeorm', verb, '-d', 'dist/data-source.js');
const prisma = (verb: string) => npx('prisma', 'migrate', verb);
const knex = (verb: string) => npx('knex', verb);
const golangMigrate = (args: string) =>
  ['sh', '-c', `exec migrate -path migrations -database "$DATABASE_URL" ${args}`] as const;

/** TypeORM lists what it has run with `[X]`, the rest with `[ ]`; the exit code does not tell. */
const NONE_OPEN = /^(?![\s\S]*\[ \])[\s\S]*\[X\]/;
/** As Knex ends its list; the exit code does not tell. */
const NONE_PENDING = /No Pending Migration files Found/;
/** As Liquibase says it; the exit code does not tell. */
const UP_TO_DATE = /\bis up to date\b/;

/** What `preset:` of `migrate` fills in, each as the tool's own documents have it. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  alembic: {
    command: ['alembic', 'upgrade', 'head'],
    status: { command: ['alembic', 'current', '--check-heads'] },
    verify: { command: ['alembic', 'current'], matches: /\(head\)/ },
    undo: ['alembic', 'downgrade', '-1'],
    needs: 'alembic.ini in the working directory.',
    interrupted: `On PostgreSQL nothing is left: the migrations of one run are one transaction, which is taken back, so run it again. On MySQL and MariaDB what already ran stays: put the tables right by hand and tell Alembic with \`alembic stamp REVISION\`.`,
  },
  typeorm: {
    command: typeorm('migration:run'),
    status: { command: typeorm('migration:show'), upToDate: NONE_OPEN },
    verify: { command: typeorm('migration:show'), matches: NONE_OPEN },
    undo: typeorm('migration:revert'),
    needs: 'A compiled data source in dist/data-source.js.',
    interrupted: `On PostgreSQL nothing is left: the migrations of one run are one transaction, unless the data source says otherwise, which is taken back; run it again. On MySQL and MariaDB what already ran stays and is not in the table \`migrations\`: undo it by hand first.`,
  },
  flyway: {
    command: ['flyway', 'migrate'],
    status: { command: ['flyway', 'validate'] },
    verify: { command: ['flyway', 'validate'] },
    needs: 'FLYWAY_URL, FLYWAY_USER and FLYWAY_PASSWORD, or flyway.toml.',
    interrupted: `On PostgreSQL the migration that was running is taken back and those before it stay; run it again. On MySQL and MariaDB, and for a migration with \`executeInTransaction=false\`, what already ran of it stays: undo that by hand, and run \`flyway repair\` if \`flyway info\` calls the migration failed.`,
  },
  liquibase: {
    command: ['liquibase', 'update'],
    status: { command: ['liquibase', 'status'], upToDate: UP_TO_DATE },
    verify: { command: ['liquibase', 'status'], matches: UP_TO_DATE },
    undo: ['liquibase', 'rollback-count', '1'],
    needs:
      'LIQUIBASE_COMMAND_URL, LIQUIBASE_COMMAND_USERNAME, LIQUIBASE_COMMAND_PASSWORD and LIQUIBASE_COMMAND_CHANGELOG_FILE, or liquibase.properties.',
    interrupted: `The lock in DATABASECHANGELOGLOCK stays: the next run waits for five minutes and fails. Once no other Liquibase runs, clear it with \`liquibase release-locks\` and run it again. On PostgreSQL the changeset that was running is taken back and those before it stay; on MySQL and MariaDB what already ran of it stays and has to be undone by hand first.`,
  },
  prisma: {
    command: prisma('deploy'),
    status: { command: prisma('status') },
    verify: { command: prisma('status') },
    needs: 'DATABASE_URL, and the package prisma among what the image installs.',
    interrupted: `The migration stays marked as started, what already ran of it may be there, and the next run refuses with P3009. Look at the database, finish the migration or undo it by hand, and tell Prisma with \`prisma migrate resolve --applied NAME\` or \`--rolled-back NAME\`.`,
    failureLeavesTheSame: true,
  },
  rails: {
    command: ['bin/rails', 'db:migrate'],
    status: { command: ['bin/rails', 'db:abort_if_pending_migrations'] },
    verify: { command: ['bin/rails', 'db:abort_if_pending_migrations'] },
    undo: ['bin/rails', 'db:rollback'],
    needs: 'RAILS_ENV and DATABASE_URL.',
    interrupted: `On PostgreSQL the migration that was running is taken back, unless it says \`disable_ddl_transaction!\`, and those before it stay; run it again. On MySQL and MariaDB what already ran of it stays, and Rails would begin it anew: undo that by hand first.`,
  },
  django: {
    command: ['python', 'manage.py', 'migrate', '--noinput'],
    status: { command: ['python', 'manage.py', 'migrate', '--check'] },
    verify: { command: ['python', 'manage.py', 'migrate', '--check'] },
    needs: 'manage.py in the working directory.',
    interrupted: `On PostgreSQL the migration that was running is taken back, unless it says \`atomic = False\`, and those before it stay; run it again. On MySQL and MariaDB what already ran of it stays, and Django would begin it anew: undo that by hand first.`,
  },
  'golang-migrate': {
    command: golangMigrate('up'),
    verify: { command: golangMigrate('version'), matches: /^\d+$/m },
    undo: golangMigrate('down 1'),
    needs: 'DATABASE_URL, a directory migrations, and a shell.',
    interrupted: `The version is marked dirty, and the next run refuses. PostgreSQL gets a whole file at once and may have carried it out to its end after the stop, or not at all; on MySQL and MariaDB a part of it may be there. Look at the database, then say with \`migrate force VERSION\` which version it is at.`,
    failureLeavesTheSame: true,
  },
  knex: {
    command: knex('migrate:latest'),
    status: { command: knex('migrate:list'), upToDate: NONE_PENDING },
    verify: { command: knex('migrate:list'), matches: NONE_PENDING },
    undo: knex('migrate:down'),
    needs: 'knexfile.js in the working directory.',
    interrupted: `On PostgreSQL nothing is left: the migrations of one run are one transaction, which is taken back, so run it again. On MySQL and MariaDB, and where transactions are disabled, what already ran stays and so does Knex's lock: put the tables right by hand and clear the lock with \`knex migrate:unlock\`.`,
  },
};
