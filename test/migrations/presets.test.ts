import { describe, expect, it } from 'vitest';
import { PRESETS, type PresetName } from '../../src/migrations/presets.ts';

/** Outputs as the tools gave them against PostgreSQL; presets.slow.ts runs the tools themselves. */
const upToDate = (name: PresetName, output: string) => PRESETS[name].status?.upToDate?.test(output);
const verified = (name: PresetName, output: string) => PRESETS[name].verify?.matches?.test(output);

describe('presets', () => {
  it('take a database of Alembic as verified at its head only', () => {
    expect(
      verified('alembic', 'INFO  [alembic.runtime.migration] Will assume transactional DDL.\n0002 (head)\n'),
    ).toBe(true);
    expect(verified('alembic', '0001\n')).toBe(false);
    expect(verified('alembic', '')).toBe(false);
  });

  it('take a database of TypeORM as up to date when no migration is open and one has run', () => {
    const done = ' [X] 1 users1700000000010\n [X] 2 mails1700000000020\n';
    expect([upToDate('typeorm', done), verified('typeorm', done)]).toEqual([true, true]);
    const open = ' [X] 1 users1700000000010\n [ ] mails1700000000020\n';
    expect([upToDate('typeorm', open), verified('typeorm', open)]).toEqual([false, false]);
    expect(upToDate('typeorm', ' [ ] users1700000000010\n [X] 2 mails1700000000020\n')).toBe(false);
    expect(upToDate('typeorm', 'No migrations were found.\n')).toBe(false);
  });

  it('take a database of Liquibase as up to date when it says so', () => {
    expect(upToDate('liquibase', 'shop@jdbc:postgresql://db:5432/shop is up to date\n')).toBe(true);
    expect(
      upToDate('liquibase', '2 changesets have not been applied to shop@jdbc:postgresql://db/shop\n'),
    ).toBe(false);
  });

  it('take a database of Knex as up to date when nothing is pending', () => {
    expect(
      upToDate('knex', 'Found 2 Completed Migration file/files.\nNo Pending Migration files Found.\n'),
    ).toBe(true);
    expect(
      upToDate('knex', 'No Completed Migration files Found.\nFound 2 Pending Migration file/files.\n'),
    ).toBe(false);
  });

  it('take a database of golang-migrate as verified unless it is dirty', () => {
    expect(verified('golang-migrate', '2\n')).toBe(true);
    expect(verified('golang-migrate', '2 (dirty)\n')).toBe(false);
    expect(verified('golang-migrate', 'error: no migration\n')).toBe(false);
  });
});
