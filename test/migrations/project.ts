import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { PresetName } from '../../src/migrations/presets.ts';
import type { MigrationTool } from '../slow/migration-tools.ts';
import type { Database } from '../slow/postgres.ts';

/** A migration as every tool can say it: statements of SQL. */
export interface Migration {
  readonly name: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
}

export interface Project {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Writes the migrations once more: those that are not named are taken away. */
  write(migrations: readonly Migration[]): void;
  remove(): void;
}

type Files = Readonly<Record<string, string>>;

interface Kind {
  /** Files that stay the same, by path. */
  readonly files: (database: Database) => Files;
  /** One migration's files; `index` counts from 1. */
  readonly migration: (migration: Migration, index: number, previous: number | undefined) => Files;
  readonly env?: (database: Database) => Readonly<Record<string, string>>;
}

/** What the tool is run with: where the database is, and PATH. */
export function environmentOf(
  preset: PresetName,
  tool: MigrationTool,
  database: Database,
): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    HOME,
    PATH: `${tool.path}${delimiter}${PATH}`,
    ...tool.env,
    ...database.env,
    ...KINDS[preset].env?.(database),
  };
}

/** A small project of the tool for one database, in a directory of its own unless one is given. */
export function project(
  preset: PresetName,
  tool: MigrationTool,
  database: Database,
  directory = mkdtempSync(join(tmpdir(), `deploy-actions-${preset}-`)),
): Project {
  const kind = KINDS[preset];
  if (tool.modules !== undefined) symlinkSync(tool.modules, join(directory, 'node_modules'));
  put(directory, kind.files(database));
  let written: readonly string[] = [];
  return {
    directory,
    env: environmentOf(preset, tool, database),
    write(migrations) {
      for (const path of written) rmSync(join(directory, path), { force: true });
      const files = Object.assign(
        {},
        ...migrations.map((migration, index) => kind.migration(migration, index + 1, index || undefined)),
      ) as Files;
      put(directory, files);
      written = Object.keys(files);
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function put(directory: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (path.startsWith('bin/')) chmodSync(file, 0o755);
  }
}

const number = (index: number): string => String(index).padStart(4, '0');
const stamp = (index: number): string => `2026010100${number(index)}`;
const sql = (statements: readonly string[]): string =>
  statements.map((statement) => `${statement};\n`).join('');
const list = (statements: readonly string[]): string => JSON.stringify(statements);
const jdbc = ({ env, name }: Database): string =>
  `jdbc:postgresql://${env['PGHOST']}:${env['PGPORT']}/${name}`;
const url = ({ url: value }: Database) => ({ DATABASE_URL: value });

const KINDS: Readonly<Record<PresetName, Kind>> = {
  alembic: {
    files: ({ url: value }) => ({
      'alembic.ini': `[alembic]\nscript_location = migrations\nsqlalchemy.url = ${value.replace('postgresql:', 'postgresql+psycopg:')}\n`,
      // What `alembic init` writes for the online mode.
      'migrations/env.py': `from alembic import context
from sqlalchemy import engine_from_config, pool

connectable = engine_from_config(
    context.config.get_section(context.config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
`,
    }),
    migration: ({ name, up, down }, index, previous) => ({
      [`migrations/versions/${number(index)}_${name}.py`]: `from alembic import op

revision = "${number(index)}"
down_revision = ${previous === undefined ? 'None' : `"${number(previous)}"`}


def upgrade():
    for statement in ${list(up)}:
        op.execute(statement)


def downgrade():
    for statement in ${list(down)}:
        op.execute(statement)
`,
    }),
  },
  typeorm: {
    files: () => ({
      'dist/data-source.js': `const { DataSource } = require('typeorm');
module.exports.source = new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  migrations: [__dirname + '/migrations/*.js'],
});
`,
    }),
    migration: ({ name, up, down }, index) => ({
      [`dist/migrations/${stamp(index)}-${name}.js`]: `module.exports.${name} = class {
  name = '${name}17000000${number(index)}0';
  async up(runner) { for (const statement of ${list(up)}) await runner.query(statement); }
  async down(runner) { for (const statement of ${list(down)}) await runner.query(statement); }
};
`,
    }),
    env: url,
  },
  flyway: {
    files: () => ({ 'sql/README': '' }),
    migration: ({ name, up }, index) => ({ [`sql/V${index}__${name}.sql`]: sql(up) }),
    env: (database) => ({
      FLYWAY_URL: jdbc(database),
      FLYWAY_USER: database.env['PGUSER'] ?? '',
      FLYWAY_LOCATIONS: 'filesystem:sql',
    }),
  },
  liquibase: {
    files: () => ({
      'changelog.xml': `<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <includeAll path="changes/"/>
</databaseChangeLog>
`,
    }),
    migration: ({ name, up, down }, index) => ({
      [`changes/${number(index)}.sql`]: `--liquibase formatted sql\n--changeset tests:${name}\n${sql(up)}${down.map((statement) => `--rollback ${statement};\n`).join('')}`,
    }),
    env: (database) => ({
      LIQUIBASE_COMMAND_URL: jdbc(database),
      LIQUIBASE_COMMAND_USERNAME: database.env['PGUSER'] ?? '',
      LIQUIBASE_COMMAND_CHANGELOG_FILE: 'changelog.xml',
      // Of the five that it waits by default, and of the ten seconds between two looks.
      LIQUIBASE_CHANGELOG_LOCK_WAIT_TIME_IN_MINUTES: '1',
      LIQUIBASE_CHANGELOG_LOCK_POLL_RATE: '1',
    }),
  },
  prisma: {
    files: () => ({
      'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
      'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
      'prisma.config.ts': `import { defineConfig } from 'prisma/config';
import { PrismaPg } from '@prisma/adapter-pg';
export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL, allowExitOnIdle: true }),
});
`,
    }),
    migration: ({ name, up }, index) => ({
      [`prisma/migrations/${stamp(index)}_${name}/migration.sql`]: sql(up),
    }),
    env: (database) => ({
      ...url(database),
      // Files that exist, so that it downloads no programs; the adapter does without them, all but for the question
      // whether the database can be reached, which `resolve` asks by the exit code of the second.
      PRISMA_QUERY_ENGINE_LIBRARY: '/dev/null',
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    }),
  },
  rails: {
    files: () => ({
      'bin/rails': `#!/usr/bin/env ruby
gem 'railties'
APP_PATH = File.expand_path('../config/application', __dir__)
require 'rails/commands'
`,
      Rakefile: "require_relative 'config/application'\nRails.application.load_tasks\n",
      'config/environment.rb': "require_relative 'application'\nRails.application.initialize!\n",
      'config/database.yml': 'production:\n  adapter: postgresql\n',
      'config/application.rb': `require 'rails'
require 'active_record/railtie'

class Shop < Rails::Application
  config.load_defaults 6.1
  config.eager_load = false
  config.secret_key_base = 'none'
  config.logger = Logger.new(nil)
  config.active_record.dump_schema_after_migration = false
end
`,
    }),
    migration: ({ name, up, down }, index) => ({
      [`db/migrate/${stamp(index)}_${name}.rb`]: `class ${name.charAt(0).toUpperCase()}${name.slice(1)} < ActiveRecord::Migration[6.1]
  def up = ${list(up)}.each { |statement| execute statement }
  def down = ${list(down)}.each { |statement| execute statement }
end
`,
    }),
    env: (database) => ({ ...url(database), RAILS_ENV: 'production' }),
  },
  django: {
    files: (database) => ({
      'manage.py': `import sys

from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(
    INSTALLED_APPS=["shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "${database.name}",
        "HOST": "${database.env['PGHOST']}", "PORT": "${database.env['PGPORT']}", "USER": "${database.env['PGUSER']}"}},
)
execute_from_command_line(sys.argv)
`,
      'shop/__init__.py': '',
      'shop/migrations/__init__.py': '',
    }),
    migration: ({ name, up, down }, index, previous) => ({
      [`shop/migrations/m${number(index)}.py`]: `from django.db import migrations


class Migration(migrations.Migration):
    # ${name}
    dependencies = [${previous === undefined ? '' : `("shop", "m${number(previous)}")`}]
    operations = [migrations.RunSQL(${list(up)}, ${list(down)})]
`,
    }),
  },
  'golang-migrate': {
    files: () => ({}),
    migration: ({ name, up, down }, index) => ({
      [`migrations/${number(index)}_${name}.up.sql`]: sql(up),
      [`migrations/${number(index)}_${name}.down.sql`]: sql(down),
    }),
    env: (database) => ({ DATABASE_URL: `${database.url}?sslmode=disable` }),
  },
  knex: {
    files: () => ({
      'knexfile.js': "module.exports = { client: 'pg', connection: process.env.DATABASE_URL };\n",
    }),
    migration: ({ name, up, down }, index) => ({
      [`migrations/${stamp(index)}_${name}.js`]: `exports.up = async (knex) => { for (const statement of ${list(up)}) await knex.raw(statement); };
exports.down = async (knex) => { for (const statement of ${list(down)}) await knex.raw(statement); };
`,
    }),
    env: url,
  },
};
