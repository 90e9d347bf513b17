export interface Preset {
  /** The program and its arguments: ECS runs no shell. */
  readonly command: readonly string[];
  /** Tells before whether there is anything to do: exit code 0, or an output that matches, says there is not. */
  readonly status?: { readonly command: readonly string[]; readonly upToDate?: RegExp };
  /** Run afterwards; has to end with exit code 0, and its output has to match where a pattern is given. */
  readonly verify?: { readonly command: readonly string[]; readonly matches?: RegExp };
  /** Undoes the newest migration; absent where the tool cannot be told so without more. */
  readonly undo?: readonly string[];
  /** What the commands expect in the container. */
  readonly needs: string;
  /** What a stop in the middle leaves in the database, and how to clear it. */
  readonly interrupted: string;
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

/** What `preset:` of `migrate` fills in, each as the tool's own documents have it. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  alembic: {
    command: ['alembic', 'upgrade', 'head'],
    status: { command: ['alembic', 'current', '--check-heads'] },
    verify: { command: ['alembic', 'current'], matches: /\(head\)/ },
    undo: ['alembic', 'downgrade', '-1'],
    needs: 'alembic.ini in the working directory.',
    interrupted: 'TODO',
  },
  typeorm: {
    command: typeorm('migration:run'),
    status: { command: typeorm('migration:show') },
    verify: { command: typeorm('migration:show') },
    undo: typeorm('migration:revert'),
    needs: 'A compiled data source in dist/data-source.js.',
    interrupted: 'TODO',
  },
  flyway: {
    command: ['flyway', 'migrate'],
    status: { command: ['flyway', 'validate'] },
    verify: { command: ['flyway', 'validate'] },
    needs: 'FLYWAY_URL, FLYWAY_USER and FLYWAY_PASSWORD, or flyway.toml.',
    interrupted: 'TODO',
  },
  liquibase: {
    command: ['liquibase', 'update'],
    status: { command: ['liquibase', 'status'], upToDate: /is up to date/ },
    verify: { command: ['liquibase', 'status'], matches: /is up to date/ },
    undo: ['liquibase', 'rollback-count', '1'],
    needs:
      'LIQUIBASE_COMMAND_URL, LIQUIBASE_COMMAND_USERNAME, LIQUIBASE_COMMAND_PASSWORD and LIQUIBASE_COMMAND_CHANGELOG_FILE, or liquibase.properties.',
    interrupted: 'TODO',
  },
  prisma: {
    command: prisma('deploy'),
    status: { command: prisma('status') },
    verify: { command: prisma('status') },
    needs: 'DATABASE_URL, and the package prisma among what the image installs.',
    interrupted: 'TODO',
  },
  rails: {
    command: ['bin/rails', 'db:migrate'],
    status: { command: ['bin/rails', 'db:abort_if_pending_migrations'] },
    verify: { command: ['bin/rails', 'db:abort_if_pending_migrations'] },
    undo: ['bin/rails', 'db:rollback'],
    needs: 'RAILS_ENV and DATABASE_URL.',
    interrupted: 'TODO',
  },
  django: {
    command: ['python', 'manage.py', 'migrate', '--noinput'],
    status: { command: ['python', 'manage.py', 'migrate', '--check'] },
    verify: { command: ['python', 'manage.py', 'migrate', '--check'] },
    needs: 'manage.py in the working directory.',
    interrupted: 'TODO',
  },
  'golang-migrate': {
    command: golangMigrate('up'),
    verify: { command: golangMigrate('version'), matches: /^\d+$/m },
    undo: golangMigrate('down 1'),
    needs: 'DATABASE_URL, a directory migrations, and a shell.',
    interrupted: 'TODO',
  },
  knex: {
    command: knex('migrate:latest'),
    status: { command: knex('migrate:list'), upToDate: /No Pending Migration files Found/ },
    verify: { command: knex('migrate:list'), matches: /No Pending Migration files Found/ },
    undo: knex('migrate:down'),
    needs: 'knexfile.js in the working directory.',
    interrupted: 'TODO',
  },
};
