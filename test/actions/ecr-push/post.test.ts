import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../src/actions/ecr-push/post.ts';
import { systemClock } from '../../../src/clock.ts';
import { QUIET } from '../quiet-reporter.ts';

const after = (state: string) =>
  run({
    input: () => '',
    reporter: { ...QUIET, state: () => state },
    clock: systemClock,
    env: {},
    cancelled: new AbortController().signal,
  });

test('the post step removes the login of a main step that was killed, and has nothing to do after another', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-docker-'));
  writeFileSync(join(directory, 'config.json'), '{}');
  await after(directory);
  expect(existsSync(directory)).toBe(false);
  await expect(after(directory)).resolves.toBeUndefined();
  await expect(after('')).resolves.toBeUndefined();
});
