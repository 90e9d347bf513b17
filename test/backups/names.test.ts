import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encryptedName,
  isSnapshotName,
  LABEL_LENGTH,
  NAME_LIMITS,
  namePrefix,
  snapshotName,
} from '../../src/backups/names.ts';
import type { SourceKind } from '../../src/backups/source.ts';

const AT = Date.UTC(2026, 0, 5, 23, 59, 59);

test('a name says database, label, date in UTC and run', () => {
  const parts = {
    kind: 'db-instance',
    source: 'orders',
    label: 'pre-deploy',
    at: AT,
    run: '17123456789',
  } as const;
  expect(snapshotName({ ...parts, nth: 1 })).toBe('orders-pre-deploy-20260105-17123456789');
  expect(snapshotName({ ...parts, nth: 2 })).toBe('orders-pre-deploy-20260105-17123456789-2');
});

test('a long name is cut and gets a hash of the whole, always the same one', () => {
  const parts = {
    kind: 'replication-group',
    label: 'pre-deploy',
    at: AT,
    run: '17123456789',
    nth: 1,
  } as const;
  const one = snapshotName({ ...parts, source: 'production-sessions-of-the-shop-a' });
  const other = snapshotName({ ...parts, source: 'production-sessions-of-the-shop-b' });
  expect(one).toMatch(/^product-[a-z0-9]{6}-pre-deploy-20260105-17123456789$/);
  expect(other).not.toBe(one);
  expect(snapshotName({ ...parts, source: 'production-sessions-of-the-shop-a' })).toBe(one);
});

const identifier = (length: number) =>
  fc.stringMatching(/^[a-z](-?[a-z0-9])*$/).filter((text) => text.length <= length);
const kinds = Object.keys(NAME_LIMITS) as SourceKind[];

test('every name is one that AWS takes, and is found by its prefix', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.oneof(identifier(63), fc.constant('a-'.repeat(30).concat('a'))),
      identifier(LABEL_LENGTH),
      fc.bigInt({ min: 1n, max: 10n ** 19n }),
      fc.integer({ min: 1, max: 99 }),
      (kind, source, label, run, nth) => {
        const plain = snapshotName({ kind, source, label, at: AT, run: String(run), nth });
        const names = kind.startsWith('db-') ? [plain, encryptedName(plain)] : [plain];
        for (const name of names) {
          expect(name.length).toBeLessThanOrEqual(NAME_LIMITS[kind]);
          expect(name).toMatch(/^[a-z](-?[a-z0-9])*$/);
          expect(isSnapshotName(name, namePrefix(kind, source, label))).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('names of other labels and of databases whose names go on are no names of this one', () => {
  const prefix = namePrefix('db-instance', 'orders', 'pre-deploy');
  for (const name of [
    'orders-nightly-20260105-1',
    'orders-pre-deploy-2-pre-deploy-20260105-1',
    'orders-pre-deploy-today',
    'orders-pre-deploy-20260105',
    'my-orders-pre-deploy-20260105-1',
  ]) {
    expect(isSnapshotName(name, prefix), name).toBe(false);
  }
});
