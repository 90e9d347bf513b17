import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { outputOf } from '../../../src/actions/check-migrations/command.ts';
import { parseWords } from '../../../src/actions/command-words.ts';
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

type Tool = 'alembic' | 'django';
type Files = Readonly<Record<string, string>>;

function write(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

async function environment(tool: Tool): Promise<NodeJS.ProcessEnv> {
  const { path } = await migrationTool(tool);
  return { ...process.env, ...database.env, PATH: `${path}:${process.env['PATH']}` };
}

const printed = async (tool: Tool, directory: string, command: readonly string[]): Promise<string> =>
  outputOf(command, {
    workspace: directory,
    directory: '.',
    env: await environment(tool),
    cancelled: new AbortController().signal,
  });

/** What is judged of a project when a tool prints its SQL. */
async function judged(tool: Tool, files: Files, command: readonly string[]): Promise<Verdict> {
  const directory = workspace();
  write(directory, files);
  const content = await printed(tool, directory, command);
  return judgeChanges([{ file: tool, content }], [], await loadParser());
}

interface Step {
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}

/** The steps of the README's example that holds a text. */
function example(holds: string): readonly Step[] {
  const readme = readFileSync(
    resolve(import.meta.dirname, '../../../actions/check-migrations/README.md'),
    'utf8',
  );
  const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return parse(blocks.find((block) => block.includes(holds)) ?? '') as readonly Step[];
}

/** Runs the README's example in a repository whose second commit adds files: what its command prints. */
async function byReadme(tool: Tool, holds: string, before: Files, after: Files): Promise<string> {
  const [directory, temp] = [workspace(), workspace()];
  const output = join(temp, 'output');
  const env = { ...(await environment(tool)), RUNNER_TEMP: temp, GITHUB_OUTPUT: output };
  const bash = (script: string, more: NodeJS.ProcessEnv = {}) =>
    execFileSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: directory,
      env: { ...env, ...more },
      encoding: 'utf8',
    });
  const commit = 'git add -A && git -c user.name=test -c user.email=test@example.com commit -qm change';
  writeFileSync(output, '');
  write(directory, before);
  bash(`git init -q && ${commit}`);
  const BASE = bash('git rev-parse HEAD').trim();
  write(directory, after);
  bash(commit);
  const steps = example(holds);
  for (const { run } of steps) if (run !== undefined) bash(run, { BASE });
  const revision = /^revision=(.*)$/m.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
  const command = (steps.at(-1)?.with?.['sql-command'] ?? '')
    .replaceAll(/\$\{\{ steps\.deployed\.outputs\.revision \}\}/g, revision)
    .replaceAll(/\$\{\{ runner\.temp \}\}/g, temp);
  return printed(tool, directory, await parseWords(command, 'sql-command'));
}

const breaking = ({ findings }: Verdict) =>
  findings.filter(({ kind }) => kind === 'breaking').map(({ rule, what }) => `${rule}: ${what}`);

const revision = (name: string, before: string, body: string, back = 'pass') => `
from alembic import op
import sqlalchemy as sa
revision = '${name}'
down_revision = ${before}
def upgrade():
    ${body}
def downgrade():
    ${back}
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
  expect(expand.statements).toBe(2);
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

const only = (files: Files, ...leave: readonly string[]): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !leave.some((each) => name.includes(each))));

const judge = async (content: string) => judgeChanges([{ file: 'a', content }], [], await loadParser());

test("Alembic's revisions that a pull request adds, as the README judges them", async () => {
  const old = only(ALEMBIC, 'two', 'three');
  const sql = await byReadme('alembic', 'alembic heads', old, only(ALEMBIC, 'three'));
  expect(sql).toContain('ALTER TABLE orders ADD COLUMN note');
  expect(sql).not.toContain('CREATE TABLE orders');
  const idle = await byReadme('alembic', 'alembic heads', old, { 'README.md': 'else' });
  expect(await judge(idle)).toMatchObject({ compatible: true, findings: [], mistakes: [] });
  expect(idle.trim()).not.toBe('');
});

test("Alembic's way back, and what stays of comments", async () => {
  const files = {
    ...only(ALEMBIC, 'two', 'three'),
    'db/versions/two.py': revision(
      'two',
      "'one'",
      `op.execute("-- deploy-actions: compatible no code reads it\\nALTER TABLE orders DROP COLUMN a"); op.add_column('orders', sa.Column('level', sa.Integer, nullable=False, server_default='1'))`,
      "op.drop_column('orders', 'level')",
    ),
  };
  const expand = await judged('alembic', files, ['alembic', 'upgrade', 'one:head', '--sql']);
  expect(expand.compatible).toBe(true);
  expect(expand.findings.find(({ rule }) => rule === 'drop-column')?.allowed?.as).toBe('compatible');
  const [{ with: inputs = {} } = {}] = example('alembic downgrade');
  const undo = await judged('alembic', files, await parseWords(inputs['sql-command'] ?? '', 'sql-command'));
  expect(breaking(undo)).toEqual(['drop-column: drops the column level of orders']);
});

test("Django's migrations that a pull request adds, as the README judges them", async () => {
  const old = only(DJANGO, '0002');
  const sql = await byReadme('django', 'sqlmigrate', old, {
    ...DJANGO,
    'shop/migrations/0003_more.py': `
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [('shop', '0002_level')]
    operations = [
        migrations.RunSQL(["-- deploy-actions: compatible no code reads it\\nALTER TABLE shop_order DROP COLUMN note"],
          state_operations=[migrations.RemoveField('order', 'note')]),
        migrations.RunPython(lambda apps, editor: None),
    ]
`,
  });
  expect(sql.indexOf('"level"')).toBeLessThan(sql.indexOf('DROP COLUMN note'));
  expect(sql).not.toContain('CREATE TABLE');
  const { findings } = await judge(sql);
  expect(findings.find(({ rule }) => rule === 'drop-column')?.allowed?.as).toBe('compatible');
  expect(findings.find(({ rule }) => rule === 'unseen')?.what).toContain('Django cannot write as SQL');
  const idle = await byReadme('django', 'sqlmigrate', old, { 'shop/models.py': '' });
  expect(await judge(idle)).toMatchObject({ compatible: true, findings: [], mistakes: [] });
  expect(idle).toMatch(/^-- What is new since [0-9a-f]{40}\n$/);
});

test("Django's way back", async () => {
  const undo = await judged('django', DJANGO, [
    'python',
    'manage.py',
    'sqlmigrate',
    'shop',
    '0002',
    '--backwards',
  ]);
  expect(breaking(undo)).toContain('drop-column: drops the column rank of shop_order');
});
