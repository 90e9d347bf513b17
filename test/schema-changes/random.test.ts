import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeChanges, type SqlText } from '../../src/schema-changes/judge.ts';
import { loadParser } from '../../src/schema-changes/parser.ts';
import { CHANGES, SHOP } from './shop.ts';

const parser = await loadParser();
const judge = (content: string, history: readonly SqlText[] = []) =>
  judgeChanges([{ file: 'new.sql', content }], history, parser);
const rulesOf = (content: string) =>
  judge(content).findings.map(({ kind, rule, what }) => `${kind} ${rule} ${what}`);

const change = fc.constantFrom(...CHANGES.map(({ sql }) => sql));
/** Statements that have nothing to do with each other, one for each table. */
const independent = fc
  .uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 5 })
  .chain((tables) =>
    fc.tuple(
      ...tables.map((table) =>
        fc.constantFrom(
          `ALTER TABLE t${table} DROP COLUMN a`,
          `ALTER TABLE t${table} ADD COLUMN a integer`,
          `ALTER TABLE t${table} ADD COLUMN a integer NOT NULL`,
          `CREATE TABLE t${table} (a integer); DROP TABLE t${table}`,
          `CREATE INDEX i${table} ON t${table} (a)`,
          `DO $$ BEGIN DROP TABLE t${table}; END $$`,
          `UPDATE t${table} SET a = 1`,
        ),
      ),
    ),
  );

test('whatever statements come in whatever order, each is judged', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      const verdict = judge(changes.join(';\n'), [{ file: 'old.sql', content: SHOP }]);
      expect(verdict.mistakes).toEqual([]);
      expect(judge(`-- +goose Up\nSELECT 1;\n-- +goose Down\n${changes.join(';\n')}`).mistakes).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test('whatever stands in a file, it is judged or refused', () => {
  const piece = fc.oneof(
    change,
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      "'",
      '"',
      '$$',
      '/*',
      '--',
      ';',
      '\\i x\n',
      '\\',
      '$' + '{',
      '}}',
      '-- +goose Down\n',
      '-- deploy-actions: allow',
      '\n',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const verdict = judge(pieces.join(' '));
      if (verdict.mistakes.length > 0) expect(verdict.compatible).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test('the order of what is independent does not matter', () => {
  fc.assert(
    fc.property(independent, fc.infiniteStream(fc.nat()), (statements, keys) => {
      const shuffled = statements
        .map((sql) => [keys.next().value ?? 0, sql] as const)
        .sort(([a], [b]) => a - b);
      // A missing limit is told once in a file, of the first that needs one.
      const told = (list: readonly string[]) => rulesOf(`SET lock_timeout = 1; ${list.join('; ')}`).sort();
      expect(told(shuffled.map(([, sql]) => sql))).toEqual(told(statements));
    }),
    { numRuns: 30 },
  );
});

test('blanks, comments and the case of words do not matter', () => {
  fc.assert(
    fc.property(change, fc.constantFrom(' ', '\n\n', ' /* x */ ', ' -- y\n', '\t'), (sql, blank) => {
      const pieces = sql.split(/('[^']*'|\$\$[\s\S]*?\$\$| )/);
      const rewritten = pieces
        .map((piece) => (piece === ' ' ? blank : /^['$]/.test(piece) ? piece : piece.toUpperCase()))
        .join('');
      expect(rulesOf(rewritten)).toEqual(rulesOf(sql));
    }),
    { numRuns: 40 },
  );
});
