import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isCompatible, judgeChanges } from '../../src/schema-changes/judge.ts';
import { loadParser } from '../../src/schema-changes/parser.ts';
import { type Database, type Postgres, postgres } from '../slow/postgres.ts';
import { BLOCKING, CHANGES, OLD_CODE, SHOP, STOCK } from './shop.ts';

let server: Postgres;
let shop: Database;
beforeAll(async () => {
  server = await postgres();
  shop = await server.database('shop');
  await shop.query(SHOP);
  await shop.query(STOCK);
});
afterAll(async () => {
  await server?.stop();
});

/** The statements that fail after a change, in PostgreSQL's words. All of it is taken back. */
async function failures(change: string, statements: readonly string[]): Promise<readonly string[]> {
  const runs = statements.map(
    (sql) => `
BEGIN
  EXECUTE $old$${sql}$old$;
  RAISE EXCEPTION USING errcode = 'DA000';
EXCEPTION
  WHEN sqlstate 'DA000' THEN NULL;
  WHEN OTHERS THEN failed := failed || ($old$${sql}$old$ || ': ' || SQLERRM);
END;`,
  );
  const script = `
BEGIN;
${change};
SET ROLE shop;
DO $block$ DECLARE failed text[] := '{}'; BEGIN ${runs.join('\n')}
PERFORM set_config('shop.failed', array_to_string(failed, E'\\n'), false); END $block$;
SELECT 'FAILED' || E'\\n' || current_setting('shop.failed');
ROLLBACK`;
  const text = await shop.query(script).catch((error: { readonly stderr?: string }) => {
    throw new Error(`${change}: ${error.stderr}`);
  });
  const [, failed = 'nothing was run'] = text.split(/^FAILED$/m);
  return failed.split('\n').filter((line) => line !== '');
}

describe('on a real PostgreSQL', () => {
  test('the code of before works with the database of before', async () => {
    expect(await failures('', OLD_CODE)).toEqual([]);
  });

  test.each(CHANGES)('$compatible: $sql', async ({ sql, compatible, rules = [], old = [] }) => {
    const verdict = judgeChanges(
      [{ file: 'new.sql', content: sql }],
      [{ file: 'old.sql', content: SHOP }],
      await loadParser(),
    );
    expect(verdict.mistakes).toEqual([]);
    expect(verdict.compatible).toBe(compatible);
    const breaking = verdict.findings.filter((finding) => !isCompatible([finding])).map(({ rule }) => rule);
    for (const rule of rules) expect(breaking).toContain(rule);
    expect(await failures('', old)).toEqual([]);
    const failed = await failures(sql, [...OLD_CODE, ...old]);
    if (compatible) expect(failed).toEqual([]);
    else expect(failed).not.toEqual([]);
  });
});

/** Mostly those that are compatible alone. */
const change = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CHANGES.filter(({ compatible }) => compatible)) },
  { weight: 1, arbitrary: fc.constantFrom(...CHANGES) },
);

test('what is compatible works after any changes one after the other', async () => {
  const parser = await loadParser();
  let compatible = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(change, { minLength: 2, maxLength: 4 }), async (changes) => {
      const sql = changes.map((change) => change.sql).join('; ');
      const history = [{ file: 'old.sql', content: SHOP }];
      if (!judgeChanges([{ file: 'new.sql', content: sql }], history, parser).compatible) return;
      // Not every change can follow every other.
      const failed = await failures(sql, OLD_CODE).catch(() => undefined);
      if (!failed) return;
      compatible++;
      expect(failed).toEqual([]);
    }),
    { numRuns: 250 },
  );
  expect(compatible).toBeGreaterThan(20);
});

describe('on a real PostgreSQL, a transaction', () => {
  // VACUUM runs in none.
  const held = BLOCKING.filter(({ sql }) => !sql.startsWith('VACUUM'));
  test.each(held)('holds the lock $lock on $table after $sql', async ({ sql, lock, table }) => {
    const prepare = sql.includes('SET NOT NULL')
      ? `UPDATE ${table} SET name = '' WHERE name IS NULL; COMMIT; `
      : '';
    const change = sql.replace(/^BEGIN; /, '').replace(/; COMMIT$/, '');
    const mend =
      sql.includes('UNIQUE (word)') || sql.includes('FOREIGN KEY') ? 'TRUNCATE tags; COMMIT; ' : '';
    const modes = await shop.query(`${mend}${prepare}BEGIN; ${change};
SELECT 'held', mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = '${table}'::regclass;
ROLLBACK`);
    expect(modes).toContain(
      `held|${lock.toLowerCase().replaceAll(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase())}Lock`,
    );
  });
});

test('a type that is widened fails a statement that is prepared once, as the notice says', async () => {
  const script = (type: string) => `
BEGIN; PREPARE old AS SELECT note FROM orders; EXECUTE old;
ALTER TABLE orders ALTER COLUMN note TYPE ${type};
EXECUTE old; ROLLBACK`;
  await expect(shop.query(script('varchar(90)'))).rejects.toThrow('cached plan must not change result type');
  await shop.query(script('varchar(50)'));
});
