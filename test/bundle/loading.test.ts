import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { WEB } from '../taskdef/definitions.ts';
import { Job } from './start-action.ts';

/** The files of dist/ that an action has loaded, by the coverage that Node.js itself writes. */
async function loadedBy(inputs: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const coverage = mkdtempSync(join(tmpdir(), 'deploy-actions-coverage-'));
  const job = new Job({ NODE_V8_COVERAGE: coverage, AWS_REGION: 'eu-west-1' });
  try {
    job.file('taskdef.json', JSON.stringify(WEB));
    await job.run('render-task-definition', inputs);
    return readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
        result: readonly { readonly url: string }[];
      };
      return result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
    });
  } finally {
    job.end();
    rmSync(coverage, { recursive: true });
  }
}

const speaksToAws = (file: string): boolean => /@aws-sdk\/|smithy/i.test(readFileSync(file, 'utf8'));

it('render-task-definition loads no AWS SDK for a file, and does for a service', async () => {
  const [file, service] = await Promise.all([
    loadedBy({ 'task-definition': 'taskdef.json', 'container-name': 'app', image: 'app:2' }),
    loadedBy({ cluster: 'prod', service: 'web' }),
  ]);
  expect(file.length).toBeGreaterThan(1);
  expect(file.filter(speaksToAws)).toEqual([]);
  expect(service.some(speaksToAws)).toBe(true);
});
