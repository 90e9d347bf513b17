import { describe, expect, test } from 'vitest';
import { placeIn } from '../../src/schema-changes/lexer.ts';
import { isUndo, readSource } from '../../src/schema-changes/source.ts';

/** Both directions, with blanks made one. */
const parts = (file: string, content: string) => {
  const { up, down } = readSource(file, content);
  const plain = (text: string | undefined) => text?.replace(/\s+/g, ' ').trim();
  return { up: plain(up?.text), down: plain(down?.text) };
};

describe('sections', () => {
  test.each([
    [
      'goose',
      '-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n-- +goose Down\nSELECT 2;\n',
      'one',
    ],
    [
      'goose without a transaction',
      '-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n',
      'none',
    ],
    ['sql-migrate', '-- +migrate Up notransaction\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n', 'none'],
    ['dbmate', '-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n', 'one'],
    ['node-pg-migrate', '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n', 'one'],
  ])('of %s', (_, content, transaction) => {
    const { up, down } = readSource('a.sql', content);
    expect(up?.text).toContain('SELECT 1');
    expect(up?.text).not.toContain('SELECT 2');
    expect(down?.text).toContain('SELECT 2');
    expect(down?.text).not.toContain('SELECT 1');
    expect(up?.transaction).toBe(transaction);
    expect(down?.text.length).toBe(content.length);
    expect(placeIn(down?.text ?? '', down?.text.indexOf('SELECT 2') ?? 0)).toEqual(
      placeIn(content, content.indexOf('SELECT 2')),
    );
  });

  test("of Liquibase's formatted SQL, whose rollbacks stand in comments", () => {
    const content = `--liquibase formatted sql
--changeset team:1
CREATE TABLE a (b int);
--rollback DROP TABLE a;
--changeset team:2 runInTransaction:false
SELECT 1;
/* liquibase rollback
DROP TABLE c;
*/
--rollback empty
`;
    const { up, down } = parts('changelog/a.sql', content);
    expect(up).toContain('CREATE TABLE a');
    expect(down).toBe('DROP TABLE a; DROP TABLE c;');
  });
});

test.each([
  ['db/migrations/1_a.down.sql', true],
  ['db/migrations/1_a.up.sql', false],
  ['migrations/20260101-a-down.sql', true],
  ['migrations/2026_a/down.sql', true],
  ['migrations/2026_a/up.sql', false],
  ['db/migration/U2__a.sql', true],
  ['db/migration/V2__undo_things.sql', false],
  ['revert/a.sql', true],
  ['deploy/a.sql', false],
  ['migrations/1_shutdown.sql', false],
  ['prisma/migrations/20260101000000_a/migration.sql', false],
])('%s takes back: %s', (file, undo) => {
  expect(isUndo(file)).toBe(undo);
  const { up, down } = readSource(file, 'SELECT 1');
  expect([up === undefined, down === undefined]).toEqual([undo, !undo]);
});

describe("psql's own", () => {
  test('commands and the rows of COPY are passed over', () => {
    const content =
      "\\set x 1\n\\connect shop\nCOPY tags (word) FROM stdin;\nit's\t\\N\n\\.\nSELECT ';\\d' FROM tags \\g\nSELECT 2;\n";
    expect(parts('a.sql', content).up).toBe(
      "COPY tags (word) FROM stdin; SELECT ';\\d' FROM tags ; SELECT 2;",
    );
  });

  test('includes are told, for nobody sees what is in them', () => {
    const { unseen } = readSource('a.sql', "SELECT 1;\n\\i parts/b.sql\nSELECT 'x' \\gexec\n-- \\i no\n");
    expect(unseen.map(({ at, what }) => [at, what])).toEqual([
      [10, 'what is in parts/b.sql'],
      [36, 'statements that a query makes'],
    ]);
  });
});

/** As Flyway writes it, out of the reach of JavaScript. */
const SCHEMA = '$' + '{schema}';

describe('placeholders', () => {
  test.each([
    ['Flyway', `CREATE TABLE ${SCHEMA}.a (b int)`, 'CREATE TABLE p_schema .a (b int)'],
    ['quotes', `CREATE TABLE "${SCHEMA}".a (b int)`, 'CREATE TABLE p_schema   .a (b int)'],
    ['templates', 'CREATE TABLE {{ schema }}.a (b int)', 'CREATE TABLE p_schema    .a (b int)'],
    ['prefixes', `CREATE TABLE ${SCHEMA}_a (b int)`, 'CREATE TABLE  p_schema_a (b int)'],
    ['parts of quoted names', `SELECT "${SCHEMA} a"`, 'SELECT "p_schema_ a"'],
    ['bodies', `DO $$ BEGIN DROP TABLE ${SCHEMA}.a; END $$`, 'DO $$ BEGIN DROP TABLE p_schema .a; END $$'],
    ['quoted by psql', `SELECT :'a', :"b"`, `SELECT  'a',  "b"`],
    ['psql', 'GRANT SELECT ON a TO :owner', 'GRANT SELECT ON a TO powner'],
  ])('of %s become names', (_, content, filled) => {
    const source = readSource('a.sql', content);
    expect(source.up?.text).toBe(filled);
    expect(source.placeholders).toBe(true);
  });

  test.each([`SELECT '${SCHEMA}', ':y'`, 'SELECT a::text', `-- ${SCHEMA}`, 'SELECT b[1:2]'])(
    'are none in %s',
    (content) => {
      const source = readSource('a.sql', content);
      expect(source.up?.text).toBe(content);
      expect(source.placeholders).toBe(false);
    },
  );
});

test.each([
  ["SELECT 'a''b' -- not 'open\n, \"x\"\"y\"", ["'a''b'", "-- not 'open", '"x""y"']],
  ["SELECT E'a\\'b', 'a\\', 1", ["E'a\\'b'".slice(1), "'a\\'"]],
  ['SELECT $$a$b$$, $t$ $$ $t$, $1', ['$$a$b$$', '$t$ $$ $t$']],
  ['/* a /* b */ c */ SELECT 1', ['/* a /* b */ c */']],
  ["SELECT 'never closed", ["'never closed"]],
])('%s has its pieces', async (content, expected) => {
  const { piecesOf } = await import('../../src/schema-changes/lexer.ts');
  expect(piecesOf(content).map(({ from, to }) => content.slice(from, to))).toEqual(expected);
});
