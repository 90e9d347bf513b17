import { describe, expect, test } from 'vitest';
import { DEFAULT_FILES } from '../../../src/actions/check-migrations/inputs.ts';
import { unjudgedOf } from '../../../src/actions/check-migrations/unjudged.ts';
import { added, check, node } from './check-here.ts';

const SQL = { 'db/migrations/1.sql': 'CREATE TABLE orders (id int)' };
const event = 'pull_request';

describe('patterns that match nothing', () => {
  test('are an error that names them and the fix', async () => {
    const ran = await check({ files: SQL, inputs: { files: 'databse/*.sql\ndb/migrations/*.sql\n!a/*' } });
    expect(ran.problems).toHaveLength(1);
    expect(ran.told).toMatch(/^files: "databse\/\*\.sql" matches nothing in the workspace/);
    expect(ran.told).toContain('if-no-files-found: warn');
    expect(ran.outputs['compatible']).toBeUndefined();
  });

  test('name what is there instead', async () => {
    for (const changedOnly of ['true', 'false']) {
      const ran = await check({
        event,
        files: { 'migrations/1.sql': 'DROP TABLE orders' },
        inputs: { files: 'migration/*.sql', 'changed-only': changedOnly },
        github: added('README.md'),
      });
      expect(ran.told).toContain(
        'There are migrations/1.sql, though: they look like SQL: name them in files',
      );
    }
    const django = await check({ files: { 'shop/migrations/0001_initial.py': '' } });
    expect(django.told).toContain('they look like Django: print python manage.py sqlmigrate APP MIGRATION');
  });

  test('are those of a workspace without a checkout', async () => {
    for (const mode of ['error', 'warn']) {
      const ran = await check({ inputs: { 'if-no-files-found': mode, 'changed-only': 'false' } });
      expect(ran.told).toContain(
        'the workspace is empty, so there is nothing to judge; run actions/checkout',
      );
    }
  });

  test('leave the verdict empty where there may be none yet', async () => {
    const ran = await check({
      event,
      files: { 'README.md': '' },
      inputs: { 'if-no-files-found': 'warn' },
      github: added('README.md'),
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: '' } });
    expect(ran.log).toMatch(/^::warning ::files: is not given, and .* matches nothing/m);
    expect(ran.summary).toContain('❔ Nothing was judged');
  });

  test('do not hide what the others name, where asked', async () => {
    const ran = await check({
      files: SQL,
      inputs: { files: 'a/*.sql\ndb/migrations/*.sql', 'if-no-files-found': 'warn' },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
    expect(ran.log).toContain('::warning ::files: "a/*.sql" matches nothing');
  });
});

describe('migrations that are not SQL', () => {
  test('leave the verdict empty, with a hint for their tool', async () => {
    const ran = await check({
      event,
      files: { ...SQL, 'db/migrate/2.rb': '' },
      github: added('db/migrate/2.rb', 'README.md'),
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: '' } });
    expect(ran.log).toMatch(
      /^::warning ::A file looks like a migration, .*db\/migrate\/2\.rb.*Rails.*is empty\.$/m,
    );
    expect(ran.summary).toContain('`compatible` is empty');
  });

  test('keep SQL beside them from being called compatible, and not from being called incompatible', async () => {
    const of = (sql: string) =>
      check({
        event,
        files: { 'db/migrations/2.sql': sql, 'db/migrations/3.js': '' },
        github: added('db/migrations/2.sql', 'db/migrations/3.js'),
      });
    const harmless = await of('CREATE TABLE a (b int)');
    expect(harmless).toMatchObject({ told: '', outputs: { compatible: '' } });
    expect(harmless.summary).toContain('❔ Not all of the migrations were judged');
    expect((await of('DROP TABLE a')).outputs['compatible']).toBe('false');
  });

  test('that were there before say nothing', async () => {
    const ran = await check({
      event,
      files: { ...SQL, 'db/migrations/0.py': '' },
      github: added('README.md'),
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
    const all = await check({ files: { ...SQL, 'db/migrations/0.py': '' } });
    expect(all.outputs['compatible']).toBe('');
  });

  test.each([
    ['shop/migrations/0002_level.py', true],
    ['alembic/versions/a.py', true],
    ['store/versions/5f1c3d5d4140_orders.py', true],
    ['src/api/versions/v1.py', false],
    ['db/changelog/db.changelog-master.xml', true],
    ['src/Migrations/2026.php', true],
    ['migrations/1.sql', true],
    ['shop/migrations/__init__.py', false],
    ['migrations/env.py', false],
    ['migrations/1.test.ts', false],
    ['.venv/lib/site-packages/django/contrib/auth/migrations/0001_initial.py', false],
    ['src/migrate.ts', false],
    ['migrations/README.md', false],
  ])('%s is one: %s', (path, is) => {
    expect(unjudgedOf([path], new Set(), DEFAULT_FILES)).toEqual(is ? [path] : []);
  });

  test('count in the project that files names, unless a line takes them away', () => {
    const found = (...patterns: readonly string[]) =>
      unjudgedOf(['a/migrations/1.py', 'b/migrations/1.py'], new Set(), patterns);
    expect(found('a/migrations/**/*.sql')).toEqual(['a/migrations/1.py']);
    expect(found('sql/*.sql')).toHaveLength(2);
    expect(found('**/*.sql', '!b/**')).toEqual(['a/migrations/1.py']);
    expect(unjudgedOf(['a/migrations/1.sql'], new Set(['a/migrations/1.sql']), DEFAULT_FILES)).toEqual([]);
  });
});

describe('a command that prints', () => {
  test('nothing leaves the verdict empty, and says so', async () => {
    const ran = await check({ inputs: { 'sql-command': node('') } });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: '' } });
    expect(ran.log).toContain('ended well and printed nothing');
    expect(ran.log).toContain('compatible is empty.');
  });

  test.each(['BEGIN;\\n\\nCOMMIT;', '-- nothing'])('"%s" has nothing to migrate', async (sql) => {
    const ran = await check({ inputs: { 'sql-command': node(`console.log("${sql}")`) } });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
    expect(ran.log).not.toContain('::warning');
  });
});

describe('a command that prints no statement', () => {
  const of = (changed: string, inputs = {}) =>
    check({
      event,
      files: { 'shop/x': '' },
      inputs: { 'sql-command': node('console.log("BEGIN;COMMIT;")'), ...inputs },
      github: added(changed),
    });

  test('although migrations have changed was asked for the wrong ones', async () => {
    const ran = await of('shop/migrations/0002_level.py');
    expect(ran).toMatchObject({ told: '', outputs: { compatible: '' } });
    expect(ran.log).toContain(
      'printed no statement, although migrations have changed: shop/migrations/0002_level.py',
    );
  });

  test('is right where none have, or only those of another project', async () => {
    expect((await of('README.md')).outputs['compatible']).toBe('true');
    const inputs = { 'working-directory': './shop/' };
    expect((await of('other/migrations/0002.py', inputs)).outputs['compatible']).toBe('true');
    expect((await of('shop/migrations/0002.py', inputs)).outputs['compatible']).toBe('');
  });

  test('is believed where GitHub does not tell what has changed', async () => {
    const ran = await of('a/migrations/2.py', { 'github-token': '' });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
    expect(ran.log).toContain('Whether migrations have changed is not known: github-token');
  });
});

describe('what fails the check', () => {
  const sql =
    'ALTER TABLE orders DROP COLUMN note;\nCREATE INDEX i ON events (a);\nCREATE INDEX j ON tags (a);';
  const stage = {
    event,
    files: { 'migrations/1.sql': sql },
    inputs: { 'big-tables': 'orders\nevents', breaking: 'allow' },
    github: { ...added('migrations/1.sql'), labels: ['breaking-migration'] },
  };

  test('is said last, apart from what is allowed', async () => {
    const ran = await check(stage);
    expect(ran.problems.at(-1)).toEqual({
      input: 'failed because',
      message:
        'the big tables orders, events would be blocked (lock-timeout, migrations/1.sql:1; create-index, migrations/1.sql:2). What breaks the code that runs is allowed, and is not the reason.',
    });
    expect(ran.log).toMatch(
      /These migrations break the code that runs, and that is allowed \(3 statements\)\.$/,
    );
  });

  test('has a table of its own in the summary', async () => {
    const { summary } = await check(stage);
    const [, fails = '', passes = ''] = summary.split('\n### ');
    expect(fails).toMatch(/^❌ Fails the check\n/);
    expect(fails.match(/^\| 🔒/gm)).toHaveLength(2);
    expect(fails).not.toContain('💥');
    expect(passes).toMatch(/^Does not fail it\n/);
    expect(passes).toContain('| 💥 breaks | `migrations/1.sql:1` |');
    expect(summary).toContain('**The check fails:** the big tables orders, events');
  });

  test('goes when the lock timeout is set elsewhere', async () => {
    const ran = await check({
      ...stage,
      files: { 'migrations/1.sql': 'ALTER TABLE orders DROP COLUMN note;' },
      inputs: { ...stage.inputs, 'lock-timeout': 'elsewhere' },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'false', blocking: '0' } });
  });
});

describe('the words', () => {
  test('of the summary do not call a file that is refused no file', async () => {
    const { summary, problems } = await check({ files: { 'migrations/1.sql': 'SELEC 1;\nSELEC 2;' } });
    expect(problems.map(({ place }) => place?.line)).toEqual([1, 2]);
    expect(summary).toContain('2 places in 1 file could not be read; `compatible` is `false`.');
    expect(summary).not.toContain('No SQL');
  });

  test('count in the singular and the plural', async () => {
    const ran = await check({
      event,
      files: { 'migrations/1.sql': '', 'migrations/2.sql': 'SELECT 1' },
      github: added('migrations/2.sql'),
    });
    expect(ran.log).toContain('1 other tells what was there before');
    expect(ran.log).toContain('(1 statement)');
  });
});
