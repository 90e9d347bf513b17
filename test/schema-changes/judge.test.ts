import { describe, expect, test } from 'vitest';
import { isCompatible, judgeChanges, type Verdict } from '../../src/schema-changes/judge.ts';
import { loadParser } from '../../src/schema-changes/parser.ts';
import { BLOCKING, CHANGES, SHOP } from './shop.ts';

const parser = await loadParser();
const HISTORY = [{ file: 'db/migrations/1_shop.sql', content: SHOP }];

const judge = (content: string, file = 'db/migrations/2_new.sql'): Verdict =>
  judgeChanges([{ file, content }], HISTORY, parser);

/** `kind rule`, for each finding of the way up. */
const told = (content: string, file?: string): readonly string[] =>
  judge(content, file)
    .findings.filter(({ direction }) => direction === 'up')
    .map(({ kind, rule }) => `${kind} ${rule}`);

const QUIET = "SET lock_timeout = '5s'; ";

describe('what the code of before makes of a change', () => {
  test.each(CHANGES)('$compatible: $sql', ({ sql, compatible, rules = [] }) => {
    const verdict = judge(sql);
    expect(verdict.mistakes).toEqual([]);
    expect(verdict.compatible).toBe(compatible);
    const deciding = verdict.findings.filter((finding) => !isCompatible([finding])).map(({ rule }) => rule);
    for (const rule of rules) expect(deciding).toContain(rule);
  });
});

describe('what cannot be seen', () => {
  test.each([
    [
      'a trigger that is new',
      'CREATE TRIGGER t BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION fill()',
      'add-trigger',
    ],
    [
      'a trigger function that is another',
      'CREATE OR REPLACE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
      'replace-function',
    ],
    ['a function that is called', 'SELECT repair_all()', 'call'],
    [
      'a text that is put together',
      "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$",
      'unreadable-block',
    ],
    ['a block in another language', 'DO LANGUAGE plpython3u $$ pass $$', 'unreadable-block'],
    ['a constraint that no file makes', 'ALTER TABLE elsewhere DROP CONSTRAINT something', 'drop-constraint'],
    ['an index that no file makes', 'DROP INDEX something', 'drop-index'],
    ['a type that no file tells', 'ALTER TABLE elsewhere ALTER COLUMN a TYPE text', 'change-type'],
    ['an owner', 'ALTER TABLE tags OWNER TO other', 'change-owner'],
    ['a sequence that begins anew', 'ALTER SEQUENCE tickets RESTART', 'change-sequence'],
    ['settings of a role', 'ALTER ROLE shop SET search_path = audit', 'change-settings'],
    ["psql's include", '\\i other.sql\n', 'unseen'],
    [
      'a partition that is attached',
      "CREATE TABLE tags_2 (at date NOT NULL, what text); ALTER TABLE events ATTACH PARTITION elsewhere FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
      'attach-partition',
    ],
    [
      'a view that is made anew from an unknown one',
      'DROP VIEW IF EXISTS seen; CREATE VIEW seen AS SELECT 1 AS a',
      'replace-view',
    ],
    [
      'a division in a computed column',
      'ALTER TABLE orders ADD COLUMN each numeric GENERATED ALWAYS AS (total / number) STORED',
      'computed-on-write',
    ],
    ['a cast in an index', 'CREATE INDEX i ON orders ((note::integer))', 'computed-on-write'],
    ['a publication', 'CREATE PUBLICATION p FOR TABLE tags', 'publish'],
    ['a replica identity', 'ALTER TABLE tags REPLICA IDENTITY NOTHING', 'replica-identity'],
    ['options of a view', 'ALTER VIEW paid SET (security_invoker = true)', 'view-options'],
    ['a smaller sequence', 'ALTER SEQUENCE tickets AS smallint', 'change-sequence'],
    ['a statement that has no rule', 'ALTER SUBSCRIPTION s DISABLE', 'unknown-statement'],
  ])('%s is not compatible', (_, sql, rule) => {
    expect(told(sql)).toContain(`unknown ${rule}`);
    expect(judge(sql).compatible).toBe(false);
  });
});

describe('what blocks', () => {
  test.each(BLOCKING)('$sql', ({ sql, rule, lock }) => {
    const found = judge(sql).findings.find((finding) => finding.rule === rule);
    expect(found).toMatchObject({ kind: 'blocking', lock });
    expect(found?.steps.length).toBeGreaterThan(0);
  });

  test.each([
    'CREATE INDEX CONCURRENTLY i ON orders (total)',
    'DROP INDEX CONCURRENTLY orders_note',
    'REINDEX TABLE CONCURRENTLY orders',
    "ALTER TABLE orders ADD COLUMN a text NOT NULL DEFAULT 'x'",
    'ALTER TABLE orders ADD COLUMN a timestamptz DEFAULT now()',
    'ALTER TABLE orders ALTER COLUMN note SET STATISTICS 500',
    "UPDATE orders SET note = 'x' WHERE id BETWEEN 1 AND 1000",
    'VACUUM orders',
    'CREATE TABLE fresh (id int); CREATE INDEX ON fresh (id); ALTER TABLE fresh ADD CHECK (id > 0); UPDATE fresh SET id = 1; ALTER TABLE fresh ALTER COLUMN id TYPE bigint',
  ])('nothing waits for %s', (sql) => {
    expect(told(QUIET + sql)).toEqual([]);
  });

  test('NOT NULL after a constraint that is valid looks at no row, and forbids nothing new', () => {
    const earlier = [
      ...HISTORY,
      {
        file: 'db/migrations/1_later.sql',
        content:
          'ALTER TABLE customers ADD CONSTRAINT n CHECK (name IS NOT NULL) NOT VALID; ALTER TABLE customers VALIDATE CONSTRAINT n',
      },
    ];
    const content = `${QUIET}ALTER TABLE customers ALTER COLUMN name SET NOT NULL; ALTER TABLE customers DROP CONSTRAINT n`;
    expect(judgeChanges([{ file: 'a.sql', content }], earlier, parser)).toMatchObject({
      compatible: true,
      findings: [],
    });
  });

  test.each([
    ['ALTER TABLE orders ADD COLUMN a int', 'orders'],
    ['CREATE TABLE notes (order_id int REFERENCES orders ON DELETE CASCADE)', 'orders'],
  ])('a strong lock without a limit is told for %s', (sql, table) => {
    expect(judge(sql).findings).toMatchObject([{ kind: 'blocking', rule: 'lock-timeout', table }]);
    expect(judge(QUIET + sql).findings).toEqual([]);
  });

  test('a limit for locks counts for the statements behind it, until it is taken away', () => {
    expect(told(`ALTER TABLE orders ADD COLUMN a int; ${QUIET}ALTER TABLE tags ADD COLUMN a int`)).toEqual([
      'blocking lock-timeout',
    ]);
    expect(told(`${QUIET}SET lock_timeout = 0; ALTER TABLE tags ADD COLUMN a int`)).toEqual([
      'blocking lock-timeout',
    ]);
  });
});

describe('CONCURRENTLY', () => {
  const INDEX = 'CREATE INDEX CONCURRENTLY i ON orders (total);';
  test.each([
    ['in a transaction', `BEGIN; ${INDEX} COMMIT;`, undefined],
    ['in goose', `-- +goose Up\n${INDEX}\n`, undefined],
    ['in dbmate', `-- migrate:up\n${INDEX}\n`, undefined],
    ['beside another statement of golang-migrate', `${INDEX} SELECT 1;`, 'db/migrations/2_a.up.sql'],
  ])('fails %s', (_, sql, file) => {
    expect(told(sql, file)).toContain('failing concurrently-in-transaction');
  });

  test.each([
    ['after a transaction', `BEGIN; SELECT 1; COMMIT; ${INDEX}`, undefined],
    ['in goose without a transaction', `-- +goose NO TRANSACTION\n-- +goose Up\n${INDEX}\n`, undefined],
    ['in dbmate without a transaction', `-- migrate:up transaction:false\n${INDEX}\n`, undefined],
    ['alone in a file of golang-migrate', INDEX, 'db/migrations/2_a.up.sql'],
  ])('does not %s', (_, sql, file) => {
    expect(told(sql, file)).toEqual([]);
  });
});

describe('a person', () => {
  test('says that the code does not mind: compatible stays', () => {
    const { compatible, findings } = judge(
      '-- deploy-actions: compatible unused since v4\nALTER TABLE orders DROP COLUMN note;',
    );
    expect(compatible).toBe(true);
    expect(findings[0]).toMatchObject({
      rule: 'drop-column',
      allowed: { as: 'compatible', reason: 'unused since v4' },
    });
  });

  test('says nothing about locks by that', () => {
    const { findings } = judge('-- deploy-actions: compatible unused since v4\nDROP INDEX orders_note;');
    expect(findings.find(({ rule }) => rule === 'drop-index-lock')?.allowed).toBeUndefined();
  });

  test('allows what breaks: it is not compatible', () => {
    const verdict = judge(
      'ALTER TABLE orders DROP COLUMN note; -- deploy-actions: allow we are closed\nSELECT 1;',
    );
    expect(verdict.compatible).toBe(false);
    expect(verdict.findings.every(({ allowed }) => allowed?.reason === 'we are closed')).toBe(true);
  });

  test('speaks of one statement only', () => {
    const { findings } = judge(
      'ALTER TABLE orders DROP COLUMN note; -- deploy-actions: allow this\nALTER TABLE orders DROP COLUMN total;\n/* deploy-actions: allow that */ DROP TABLE tags;',
    );
    expect(
      findings.filter(({ kind }) => kind === 'breaking').map(({ rule, allowed }) => [rule, allowed?.reason]),
    ).toEqual([
      ['drop-column', 'this'],
      ['drop-column', undefined],
      ['drop-table', 'that'],
    ]);
  });

  test.each(['allow', 'compatible -', 'ignore this', ''])('has to say why: "%s"', (words) => {
    const { mistakes, compatible } = judge(
      `-- deploy-actions: ${words}\nALTER TABLE orders DROP COLUMN note;`,
    );
    expect(mistakes).toMatchObject([{ place: { line: 1, column: 1 } }]);
    expect(compatible).toBe(false);
  });
});

describe('what is told', () => {
  test('stands at the line and column of what does it, after letters of several bytes and inside of blocks', () => {
    const { findings } = judge(
      "-- Änderung 🙂\nSELECT 'ü';\nALTER TABLE orders\n  ADD COLUMN a int NOT NULL;\nDO $$\nBEGIN\n  DROP TABLE tags;\nEND $$;",
    );
    const places = findings
      .filter(({ kind }) => kind === 'breaking')
      .map(({ place }) => [place.line, place.column]);
    expect(places).toEqual([
      [4, 14],
      [7, 3],
    ]);
  });

  test('holds names and no values', () => {
    const secret = 'Herbert-1234567';
    const sql = [
      `ALTER TABLE orders ADD COLUMN a text NOT NULL DEFAULT '${secret}' CHECK (a <> '${secret}')`,
      `UPDATE orders SET note = '${secret}'`,
      `ALTER TYPE color RENAME VALUE 'red' TO '${secret}'`,
      `CREATE UNIQUE INDEX x ON orders (note) WHERE note <> '${secret}'`,
      `DELETE FROM tags`,
      `DO $$ BEGIN EXECUTE 'DROP TABLE tags; SELECT ''${secret}'''; END $$`,
    ].join(';\n');
    const { findings } = judge(sql);
    expect(findings.length).toBeGreaterThan(5);
    expect(JSON.stringify(findings)).not.toContain('Herbert');
  });

  test.each([
    ["SELECT 'it's Herbert'", 1, 14],
    ["INSERT INTO a VALUES ('Herbert)", 1, 23],
    ['SELECT 1;\nALTER TABLE `a` ADD b int', 2, 13],
    ['SELECT 1;\n\nCREATE TABLE a (b int) ENGINE=InnoDB', 3, 24],
    ['select é from; SELECT 1', 1, 14],
  ])('%s is refused with its place and no value', (sql, line, column) => {
    const { mistakes, compatible } = judge(sql);
    expect(compatible).toBe(false);
    expect(mistakes).toMatchObject([{ place: { file: 'db/migrations/2_new.sql', line, column } }]);
    expect(mistakes[0]?.message).toContain("Only PostgreSQL's SQL is understood");
    expect(mistakes[0]?.message).not.toContain('Herbert');
  });

  test('every statement that is refused is told, up to five', () => {
    const { mistakes } = judge("SELEC 1;\nSELECT 'a;b';\nDROP TABEL a;\n-- ; \nSELECT 2;\nALTER x;");
    expect(mistakes.map(({ place }) => place.line)).toEqual([1, 3, 6]);
    expect(judge('SELEC 1;\n'.repeat(20)).mistakes).toHaveLength(5);
  });

  test('what Django cannot write as SQL is unknown, and not nothing', () => {
    const sql =
      'BEGIN;\n--\n-- Raw Python operation\n--\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\nCOMMIT;';
    expect(judge(sql)).toMatchObject({
      compatible: false,
      findings: [{ kind: 'unknown', rule: 'unseen', place: { line: 5 } }],
    });
  });

  test('a lock_timeout that is set elsewhere counts until the SQL takes it away', () => {
    const elsewhere = (content: string) =>
      judgeChanges([{ file: 'm/2.sql', content }], HISTORY, parser, { lockTimeout: true }).findings.map(
        ({ rule }) => rule,
      );
    const alter = 'ALTER TABLE tags ADD COLUMN a int';
    expect(elsewhere(alter)).toEqual([]);
    expect(elsewhere(`SET lock_timeout = 0; ${alter}`)).toEqual(['lock-timeout']);
    for (const back of ['RESET lock_timeout', 'SET lock_timeout TO DEFAULT', 'RESET ALL'])
      expect(elsewhere(`SET lock_timeout = 0; ${back}; ${alter}`)).toEqual([]);
    expect(told(`SET lock_timeout = 1; RESET ALL; ${alter}`)).toEqual(['blocking lock-timeout']);
  });

  test('a required column is told with what Django and Alembic call a default that stays', () => {
    const [finding] = judge('ALTER TABLE tags ADD COLUMN level int NOT NULL').findings;
    expect(finding?.steps[0]).toContain('Django: db_default instead of default; Alembic: server_default');
  });
});

describe('several files', () => {
  test('what one makes, the next one may change', () => {
    const verdict = judgeChanges(
      [
        {
          file: '1.sql',
          content: "CREATE TABLE IF NOT EXISTS fresh (a int); CREATE TYPE mood AS ENUM ('ok');",
        },
        {
          file: '2.sql',
          content:
            "ALTER TABLE public.fresh DROP COLUMN a; ALTER TYPE mood RENAME VALUE 'ok' TO 'good'; DROP TABLE fresh;",
        },
      ],
      HISTORY,
      parser,
    );
    expect(verdict).toMatchObject({ compatible: true, findings: [], statements: 5 });
  });

  test('a table that was there is not made by CREATE TABLE IF NOT EXISTS', () => {
    expect(judge('CREATE TABLE IF NOT EXISTS tags (word text); DROP TABLE tags').compatible).toBe(false);
  });

  test('names are the same with public, and others with another schema', () => {
    expect(judge('CREATE TABLE audit.tags (a int); DROP TABLE audit.tags').compatible).toBe(true);
    expect(judge('CREATE TABLE audit.tags (a int); DROP TABLE public.tags').compatible).toBe(false);
    expect(
      judge('SET search_path TO audit; CREATE TABLE tags (a int); DROP TABLE audit.tags').compatible,
    ).toBe(true);
  });
});

describe('the way back', () => {
  test.each([
    ['drops what the change made', 'CREATE TABLE fresh (a int);', 'DROP TABLE fresh;', false],
    ['drops a column', 'ALTER TABLE orders ADD COLUMN a int;', 'ALTER TABLE orders DROP COLUMN a;', false],
    ['drops an index', 'CREATE INDEX i ON orders (total);', 'DROP INDEX i;', true],
    [
      'allows NULL again',
      'ALTER TABLE customers ALTER COLUMN name SET NOT NULL;',
      'ALTER TABLE customers ALTER COLUMN name DROP NOT NULL;',
      true,
    ],
  ])('%s', (_, up, down, undo) => {
    expect(judge(`-- +goose Up\n${up}\n-- +goose Down\n${down}\n`).undoCompatible).toBe(undo);
  });

  test('is none without one', () => {
    expect(judge('SELECT 1').undoCompatible).toBeUndefined();
  });

  test('says nothing against the way up', () => {
    expect(
      judge('-- +goose Up\nCREATE TABLE fresh (a int);\n-- +goose Down\nDROP TABLE fresh;\n').compatible,
    ).toBe(true);
  });
});
