import { describe, expect, test } from 'vitest';
import { inOrder } from '../../../src/actions/check-migrations/files.ts';
import { DEFAULT_FILES, readInputs } from '../../../src/actions/check-migrations/inputs.ts';
import { isMatch } from '../../../src/actions/globs.ts';
import { BOT } from '../../github/github-server.ts';
import { added, check, node, PULL_REQUEST, SHA } from './check-here.ts';

const OLD = 'CREATE TABLE orders (id int PRIMARY KEY, note varchar(50));';
describe('on a pull request', () => {
  test('what it adds is judged against what was there before', async () => {
    const ran = await check({
      event: 'pull_request',
      files: {
        'db/migrations/1.sql': OLD,
        'db/migrations/2.sql':
          'SET lock_timeout = 1;\nALTER TABLE orders ALTER COLUMN note TYPE varchar(80);',
        'db/migrations/3.sql': 'ALTER TABLE orders\n  DROP COLUMN note;',
      },
      github: added('db/migrations/3.sql', 'db/migrations/2.sql', 'README.md', 'db/seeds/drop.sql'),
    });
    expect(ran.problems.map(({ input, place }) => [input, place])).toEqual([
      ['drop-column', { file: 'db/migrations/3.sql', line: 1, column: 1 }],
      ['failed because', undefined],
    ]);
    expect(ran.problems[0]?.message).toContain('A later release: ALTER TABLE orders DROP COLUMN note');
    expect(ran.problems[1]?.message).toContain('give breaking: allow with the label breaking-migration');
    expect(ran.outputs).toMatchObject({
      compatible: 'false',
      'undo-compatible': '',
      breaking: '1',
      blocking: '1',
    });
    const findings = JSON.parse(ran.outputs['findings'] ?? '') as readonly {
      readonly rule: string;
      readonly level: string;
    }[];
    expect(findings.find(({ rule }) => rule === 'drop-column')).toMatchObject({
      file: 'db/migrations/3.sql',
      line: 1,
      level: 'error',
    });
    expect(ran.summary).toContain('💥 These migrations break the code that runs');
    expect(ran.summary).toContain('| 💥 breaks | `db/migrations/3.sql:1` |');
    expect(ran.calls).toEqual(['GET /repos/org/web/pulls/7/files']);
  });

  test('without SQL it passes, and nothing is loaded for it', async () => {
    const ran = await check({
      event: 'pull_request',
      files: { 'db/migrations/1.sql': OLD },
      github: added('README.md'),
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true', findings: '[]' } });
    expect(ran.summary).toContain('✅ No migration is added or changed');
  });

  test('a file that is gone, or only has another name, adds nothing', async () => {
    const ran = await check({
      event: 'pull_request',
      files: { 'db/migrations/2.sql': 'DROP TABLE orders' },
      github: {
        files: [
          { filename: 'db/migrations/1.sql', status: 'removed' },
          { filename: 'db/migrations/2.sql', status: 'renamed', changes: 0 },
        ],
      },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
  });

  test('all pages of its files are read', async () => {
    const others = Array.from({ length: 130 }, (_, index) => `src/${index}.ts`);
    const ran = await check({
      event: 'pull_request',
      files: { 'db/migrations/1.sql': 'DROP TABLE orders' },
      github: added(...others, 'db/migrations/1.sql'),
    });
    expect(ran.calls).toHaveLength(2);
    expect(ran.outputs['compatible']).toBe('false');
  });

  test('a list that GitHub cuts is refused', async () => {
    const others = Array.from({ length: 3_001 }, (_, index) => `src/${index}.ts`);
    const ran = await check({ event: 'pull_request', github: added(...others) });
    expect(ran.told).toContain('GitHub lists no more than 3000 changed files');
  });

  test('what was not checked out is told', async () => {
    const ran = await check({ event: 'pull_request', github: added('db/migrations/1.sql') });
    expect(ran.told).toContain(
      'db/migrations/1.sql is part of the change, and not in the workspace; run actions/checkout',
    );
  });

  test('a token that may not read it is told with the permissions', async () => {
    const ran = await check({
      event: 'pull_request',
      github: { tokens: { secret: { ...BOT, may: 'nothing' } } },
    });
    expect(ran.told).toMatch(
      /github-token: .*\(404\); give the job "permissions: contents: read, pull-requests: read"/,
    );
  });

  test('an outage of GitHub is waited for', async () => {
    const ran = await check({
      event: 'pull_request',
      files: { 'db/migrations/1.sql': OLD },
      github: {
        faults: [
          ['GET', { kind: 'outage' }],
          ['GET', { kind: 'cut' }],
        ],
      },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
  });
});

describe('on other events', () => {
  const files = { 'db/migrations/1.sql': 'DROP TABLE orders' };
  const github = added('db/migrations/1.sql');
  test.each([
    ['push', { before: 'abc' }, '', 'abc'],
    ['push', { before: '0000000', repository: { default_branch: 'main' } }, '', 'main'],
    ['merge_group', { merge_group: { base_sha: 'b1', head_sha: SHA } }, '', 'b1'],
    ['workflow_dispatch', {}, 'release', 'release'],
    ['pull_request', PULL_REQUEST, 'release', 'release'],
  ])('%s of %j with base "%s" compares with %s', async (event, payload, base, from) => {
    const ran = await check({ event, payload, files, github, inputs: { base } });
    expect(ran.calls).toEqual([`GET /repos/org/web/compare/${from}...${SHA}`]);
    expect(ran.outputs['compatible']).toBe('false');
  });

  test('a push is told to be less than a release migrates, and loudly where base says the same', async () => {
    const push = { event: 'push', payload: { before: SHA }, files, github };
    expect((await check(push)).log).toContain('::notice ::Without base, what this push adds is judged');
    const before = await check({ ...push, inputs: { base: SHA } });
    expect(before.log).toContain('::warning ::base: is the commit before this push (github.event.before)');
    const deployed = await check({ ...push, inputs: { base: 'migrated' } });
    expect(deployed.log).not.toContain('this push');
  });

  test('a comparison that GitHub cuts is refused', async () => {
    const many = Array.from({ length: 301 }, (_, index) => `src/${index}.ts`);
    const ran = await check({ event: 'push', payload: { before: 'abc' }, github: added(...many) });
    expect(ran.told).toContain('GitHub lists no more than 300 changed files');
  });

  test('an event that does not tell what has changed asks for a base', async () => {
    expect((await check({ event: 'workflow_dispatch', payload: {}, files })).told).toContain(
      'base: the event workflow_dispatch',
    );
    expect((await check({ event: 'pull_request_target', files })).told).toContain(
      'run this check on pull_request',
    );
  });

  test('all files are judged outside of GitHub, and where asked to', async () => {
    for (const stage of [{}, { event: 'pull_request', inputs: { 'changed-only': 'false' } }]) {
      const ran = await check({
        ...stage,
        files: { ...files, 'db/migrations/node_modules/x.sql': 'broken' },
      });
      expect(ran.outputs['compatible']).toBe('false');
      expect(ran.calls).toEqual([]);
    }
  });
});

describe('what breaks', () => {
  const files = { 'migrations/1.sql': 'DROP TABLE orders' };
  const github = added('migrations/1.sql');
  const event = 'pull_request';

  test('is let through by the label, and stays incompatible', async () => {
    const ran = await check({
      event,
      files,
      inputs: { breaking: 'allow' },
      github: { ...github, labels: ['bug', 'Breaking-Migration'] },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'false' } });
    expect(ran.log).toContain('::warning migrations/1.sql:1::drop-table');
    expect(ran.summary).toContain('the pull request has the label breaking-migration');
  });

  test('is let through by a reason, which the summary tells', async () => {
    const ran = await check({
      event,
      files,
      github,
      inputs: { breaking: 'allow', reason: 'nobody uses @it' },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'false' } });
    expect(ran.summary).toContain('nobody uses @<!-- -->it');
    expect(ran.calls).toHaveLength(1);
  });

  test('is not let through without either', async () => {
    const ran = await check({
      event,
      files,
      inputs: { breaking: 'allow', 'breaking-label': 'x' },
      github: { ...github, labels: ['breaking-migration'] },
    });
    expect(ran.told).toContain(
      'breaking: allow needs a ground: the label x on the pull request, or the input reason',
    );
    const push = await check({
      event: 'push',
      payload: { before: 'a' },
      files,
      inputs: { breaking: 'allow' },
      github,
    });
    expect(push.told).toContain('allow needs a ground');
  });

  test('is let through by a comment before the statement', async () => {
    const ran = await check({
      event,
      github,
      files: { 'migrations/1.sql': '-- deploy-actions: allow closed on Sunday\nDROP TABLE orders' },
    });
    expect(ran).toMatchObject({ told: '', outputs: { compatible: 'false', breaking: '0' } });
    expect(ran.summary).toContain('allow: closed on Sunday');
  });
});

describe('what blocks', () => {
  const files = { 'migrations/1.sql': 'CREATE INDEX i ON audit.Events (a);' };
  test.each([
    ['is a warning', {}, '', '::warning migrations/1.sql:1::create-index'],
    ['is an error where asked', { blocking: 'fail' }, 'create-index: Builds the index i', ''],
    [
      'is an error on a big table',
      { 'big-tables': 'orders\nAUDIT.events', blocking: 'ignore' },
      'create-index: Builds',
      '',
    ],
    ['is silent where asked', { blocking: 'ignore' }, '', ''],
  ])('%s', async (_, inputs, told, log) => {
    const ran = await check({ files, inputs });
    if (told === '') expect(ran.told).toBe('');
    else expect(ran.told).toContain(told);
    if (log === '') expect(ran.log).not.toContain('create-index');
    else expect(ran.log).toContain(log);
    expect(ran.outputs['compatible']).toBe('true');
  });

  test('fails where PostgreSQL refuses it', async () => {
    const ran = await check({
      files: { 'migrations/1.sql': 'BEGIN; CREATE INDEX CONCURRENTLY i ON a (b); COMMIT' },
      inputs: { blocking: 'ignore' },
    });
    expect(ran.told).toContain('concurrently-in-transaction');
    expect(ran.outputs['compatible']).toBe('true');
  });
});

describe('a command', () => {
  test('has nothing with which it could act as the job', async () => {
    const kept = { DATABASE_URL: 'postgres://localhost', AWS_REGION: 'eu-west-1', GITHUB_HEAD_REF: 'topic' };
    const withheld = [
      'INPUT_GITHUB-TOKEN',
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
      'ACTIONS_RUNTIME_TOKEN',
      'GITHUB_TOKEN',
      ...['ENV', 'PATH', 'OUTPUT', 'STATE', 'STEP_SUMMARY'].map((file) => `GITHUB_${file}`),
      ...['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN', 'WEB_IDENTITY_TOKEN_FILE'].map(
        (name) => `AWS_${name}`,
      ),
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    ];
    const env = { ...kept, ...Object.fromEntries(withheld.map((name) => [name, 'given'])) };
    const names = JSON.stringify(Object.keys(env));
    const tell = `throw new Error(${names}.filter((name) => name in process.env).join())`;
    for (const input of ['sql-command', 'history-command']) {
      const inputs = { 'sql-command': node('console.log("SELECT 1")'), [input]: node(tell) };
      const { told } = await check({ inputs, env });
      expect(told, input).toContain(`Error: ${Object.keys(kept).join()}\n`);
    }
  });

  test('prints what is judged, with the lines of what it prints', async () => {
    const ran = await check({
      inputs: { 'sql-command': node('console.log("SELECT 1;\\nDROP TABLE orders;")') },
      files: { 'migrations/1.sql': 'DROP TABLE never' },
    });
    expect(ran.problems[0]).toMatchObject({
      input: expect.stringMatching(/^sql-command \(.*node\):2: drop-table$/),
    });
    expect(ran.problems[0]?.place).toBeUndefined();
    expect(ran.outputs['breaking']).toBe('1');
  });

  test('fails with its own words', async () => {
    const ran = await check({
      inputs: { 'sql-command': node('console.error("no such revision"); process.exit(3)') },
    });
    expect(ran.told).toMatch(/^sql-command: .*node ended with 3:\nno such revision$/);
    expect((await check({ inputs: { 'sql-command': 'no-such-program --sql' } })).told).toContain(
      'there is no command no-such-program',
    );
  });

  test('knows no input of the action, and runs where it is told', async () => {
    const script =
      'console.log("SELECT 1; -- " + process.cwd().endsWith("backend") + Object.keys(process.env).filter((n) => n.startsWith("INPUT_")).length); process.exit(process.cwd().endsWith("backend") ? 0 : 1)';
    const ran = await check({
      files: { 'backend/x': '' },
      inputs: { 'sql-command': node(script), 'working-directory': 'backend' },
    });
    expect(ran.told).toBe('');
  });

  test('may tell what was there before', async () => {
    const change = node(
      'console.log("SET lock_timeout = 1; ALTER TABLE public.orders ALTER COLUMN note TYPE text")',
    );
    const dump = node('console.log("CREATE TABLE public.orders (id integer, note character varying(50));")');
    const blind = await check({ inputs: { 'sql-command': change } });
    expect(blind.outputs['compatible']).toBe('false');
    const seeing = await check({ inputs: { 'sql-command': change, 'history-command': dump } });
    expect(seeing.outputs['compatible']).toBe('true');
    const failing = await check({
      inputs: { 'sql-command': change, 'history-command': node('process.exit(2)') },
    });
    expect(failing.told).toMatch(/^history-command: .*node ended with 2 and said nothing$/);
  });
});

test('a file of before in another dialect is passed over, and told', async () => {
  const ran = await check({
    event: 'pull_request',
    files: { 'migrations/1.sql': 'CREATE TABLE `a` (b int)', 'migrations/2.sql': 'CREATE TABLE c (d int)' },
    github: added('migrations/2.sql'),
  });
  expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true' } });
  expect(ran.log).toContain("migrations/1.sql is not SQL that PostgreSQL's parser takes");
});

test('a file in another dialect is an error with its place', async () => {
  const ran = await check({ files: { 'migrations/1.sql': 'CREATE TABLE a (\n  b int\n) ENGINE=InnoDB;' } });
  expect(ran.problems).toMatchObject([
    { input: 'migrations/1.sql:3:3', place: { file: 'migrations/1.sql', line: 3, column: 3 } },
  ]);
  expect(ran.outputs['compatible']).toBe('false');
  expect(ran.summary).toContain('could not be judged');
});

test('the way back has a verdict of its own', async () => {
  const ran = await check({
    files: { 'migrations/1_a.up.sql': 'CREATE TABLE a (b int)', 'migrations/1_a.down.sql': 'DROP TABLE a' },
  });
  expect(ran).toMatchObject({ told: '', outputs: { compatible: 'true', 'undo-compatible': 'false' } });
  expect(ran.summary).toContain('The way back breaks or loses something');
});

describe('inputs', () => {
  const read = async (inputs: Readonly<Record<string, string>>) => readInputs((name) => inputs[name] ?? '');

  test('are all told at once when they are wrong', async () => {
    await expect(
      read({
        files: '/abs\n../up',
        'sql-command': 'a | b',
        blocking: 'maybe',
        breaking: 'yes',
        reason: 'r',
        base: 'a b',
        'changed-only': 'no',
      }),
    ).rejects.toMatchObject({
      problems: [
        { input: 'files', message: expect.stringContaining('"/abs" is not relative') },
        { input: 'files', message: expect.stringContaining('"../up"') },
        { input: 'sql-command', message: expect.stringContaining('none is started') },
        { input: 'changed-only' },
        { input: 'base' },
        { input: 'blocking' },
        { input: 'breaking' },
        { input: 'reason' },
      ],
    });
  });

  test('name no files beside a command, unless they are given', async () => {
    expect((await read({})).files).toEqual(DEFAULT_FILES);
    expect((await read({ 'sql-command': 'a' })).files).toEqual([]);
    expect((await read({ 'sql-command': 'a', files: 'b/*.sql' })).files).toEqual(['b/*.sql']);
  });

  test.each([
    ['db/migrations/1.sql', true],
    ['migrations/1.sql', true],
    ['prisma/migrations/2026_a/migration.sql', true],
    ['src/main/resources/db/migration/V1__a.sql', true],
    ['db/migrate/1.up.sql', true],
    ['db/schema.sql', false],
    ['migrations/1.py', false],
  ])('by default %s is a migration: %s', (path, matches) => {
    expect(isMatch(path, DEFAULT_FILES)).toBe(matches);
  });

  test('take files away, and put them into the order in which they run', () => {
    expect(isMatch('a/old/1.sql', ['a/**', '!a/old/**'])).toBe(false);
    expect(inOrder(['m/R__views.sql', 'm/V10__b.sql', 'm/U2__x.sql', 'm/V2__a.sql'])).toEqual([
      'm/V2__a.sql',
      'm/V10__b.sql',
      'm/U2__x.sql',
      'm/R__views.sql',
    ]);
  });
});
