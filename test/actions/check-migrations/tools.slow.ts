import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outputOf } from '../../../src/actions/check-migrations/command.ts';
import { judgeChanges, type Verdict } from '../../../src/schema-changes/judge.ts';
import { loadParser } from '../../../src/schema-changes/parser.ts';
import { workspace } from '../../images/run-here.ts';
import { migrationTool } from '../../slow/migration-tools.ts';
import { type Database, type Postgres, postgres } from '../../slow/postgres.ts';

let server: Postgres;
let database: Database;
beforeAll(async () => {
  server = await postgres();
  database = await server.database('shop');
});
afterAll(async () => {
  await server?.stop();
});

/** What is judged of a project when a tool prints its SQL. */
async function judged(
  tool: 'alembic' | 'django',
  files: Readonly<Record<string, string>>,
  command: readonly string[],
): Promise<Verdict> {
  const directory = workspace();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  const { path } = await migrationTool(tool);
  const printed = await outputOf(command, {
    workspace: directory,
    directory: '.',
    env: { ...process.env, ...database.env, PATH: `${path}:${process.env['PATH']}` },
    cancelled: new AbortController().signal,
  });
  return judgeChanges([{ file: tool, content: printed }], [], await loadParser());
}

const breaking = ({ findings }: Verdict) =>
  findings.filter(({ kind }) => kind === 'breaking').map(({ rule, what }) => `${rule}: ${what}`);

const revision = (name: string, before: string, body: string) => `
from alembic import op
import sqlalchemy as sa
revision = '${name}'
down_revision = ${before}
def upgrade():
    ${body}
def downgrade():
    pass
`;

const ALEMBIC = {
  'alembic.ini': '[alembic]\nscript_location = db\n',
  'db/env.py':
    "from alembic import context\ncontext.configure(url='postgresql://', literal_binds=True)\nwith context.begin_transaction():\n    context.run_migrations()\n",
  'db/versions/one.py': revision(
    'one',
    'None',
    "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))",
  ),
  'db/versions/two.py': revision('two', "'one'", "op.add_column('orders', sa.Column('note', sa.String(50)))"),
  'db/versions/three.py': revision(
    'three',
    "'two'",
    "op.drop_column('orders', 'note'); op.create_index('i', 'orders', ['id'])",
  ),
};

test('Alembic', async () => {
  const expand = await judged('alembic', ALEMBIC, ['alembic', 'upgrade', 'one:two', '--sql']);
  expect(expand).toMatchObject({ compatible: true, mistakes: [] });
  expect(expand.statements).toBeGreaterThan(2);
  const contract = await judged('alembic', ALEMBIC, ['alembic', 'upgrade', 'two:head', '--sql']);
  expect(breaking(contract)).toEqual(['drop-column: drops the column note of orders']);
  expect(contract.findings.map(({ rule }) => rule)).toContain('create-index');
  const all = await judged('alembic', ALEMBIC, ['alembic', 'upgrade', 'head', '--sql']);
  expect(all).toMatchObject({ compatible: true, findings: [] });
});

const DJANGO = {
  'manage.py': `
import os, sys
from django.conf import settings
settings.configure(INSTALLED_APPS=['shop'], DATABASES={'default': {
  'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER'],
  'HOST': os.environ['PGHOST'], 'PORT': os.environ['PGPORT']}}, DEFAULT_AUTO_FIELD='django.db.models.BigAutoField')
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`,
  'shop/__init__.py': '',
  'shop/migrations/__init__.py': '',
  'shop/migrations/0001_initial.py': `
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [migrations.CreateModel('Order', [('id', models.BigAutoField(primary_key=True)), ('note', models.CharField(max_length=50, null=True))])]
`,
  'shop/migrations/0002_level.py': `
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [('shop', '0001_initial')]
    operations = [
        migrations.AddField('order', 'level', models.IntegerField(default=1)),
        migrations.AddField('order', 'rank', models.IntegerField(db_default=1)),
        migrations.AlterField('order', 'note', models.CharField(max_length=80, null=True)),
    ]
`,
};

test('Django, which takes the default of a new column away again', async () => {
  const sqlmigrate = (name: string) =>
    judged('django', DJANGO, ['python', 'manage.py', 'sqlmigrate', 'shop', name]);
  expect(await sqlmigrate('0001')).toMatchObject({ compatible: true, findings: [] });
  const second = await sqlmigrate('0002');
  expect(breaking(second)).toEqual([
    'required-column: makes the new column level of shop_order NOT NULL without a default',
  ]);
  expect(second.findings.filter(({ kind }) => kind === 'unknown').map(({ rule }) => rule)).toEqual([
    'change-type',
  ]);
});
