import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { run } from '../../../src/actions/ecr-push/post.ts';

const after = (state: string) => run({ reporter: { state: () => state } } as unknown as ActionContext);

test('the post step removes the login of a main step that was killed, and has nothing to do after another', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-docker-'));
  writeFileSync(join(directory, 'config.json'), '{}');
  await after(directory);
  expect(existsSync(directory)).toBe(false);
  await expect(after(directory)).resolves.toBeUndefined();
  await expect(after('')).resolves.toBeUndefined();
});
