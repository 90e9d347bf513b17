import { describe, expect, it } from 'vitest';
import { readInputs } from '../../../src/actions/migrate/inputs.ts';
import type { ConfigError } from '../../../src/errors.ts';

const GIVEN = { cluster: 'prod', service: 'web', command: 'true', image: 'unchanged', images: 'unchanged' };

const problemsOf = async (inputs: Readonly<Record<string, string>>) => {
  const all: Readonly<Record<string, string>> = { ...GIVEN, ...inputs };
  return readInputs((name) => all[name] ?? '', 'eu-west-1').then(
    () => [],
    (error: ConfigError) => error.problems.map(({ input, message }) => `${input}: ${message}`),
  );
};

describe('the inputs of a migration', () => {
  it('refuse a name of a lock that Systems Manager would refuse later', async () => {
    expect(await problemsOf({ lock: 'a/b/c/d/e/f/g/h/i/j/k' })).toEqual([
      expect.stringMatching(/^lock: .* is no name for a lock/),
    ]);
    expect(await problemsOf({ lock: 'shop db' })).toHaveLength(1);
    expect(await problemsOf({ lock: 'production/shop_db.1' })).toEqual([]);
  });

  it('refuse what only a shell takes for a variable, and do not repeat it', async () => {
    const [problem = ''] = await problemsOf({ command: 'PGPASSWORD=hunter2 psql -f a.sql' });
    expect(problem).toMatch(/^command: begins with NAME=value/);
    expect(problem).not.toContain('hunter2');
    expect(await problemsOf({ command: '["", "x"]' })).toEqual([
      expect.stringContaining('begins with an empty word'),
    ]);
    expect(await problemsOf({ command: 'psql -v name=value' })).toEqual([]);
  });
});
