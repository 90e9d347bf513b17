import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Job, type StepResult, startStep } from '../../src/runner/start-action.ts';
import { WEB } from '../taskdef/definitions.ts';

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

/** The parts of Node.js that have been loaded when the process ends, by what Node.js itself tells of them. */
async function partsLoadedBy(start: (job: Job) => Promise<StepResult>): Promise<readonly string[]> {
  const job = new Job({});
  const list = join(job.directory, 'loaded.json');
  const tell = `process.on('exit', () => process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(process.moduleLoadList)));`;
  job.env['NODE_OPTIONS'] = `--import data:text/javascript,${encodeURIComponent(tell)}`;
  try {
    await start(job);
    const loaded: readonly string[] = JSON.parse(readFileSync(list, 'utf8'));
    return loaded
      .map((part) => part.replace(/^NativeModule /, ''))
      .filter((part) => builtinModules.includes(part));
  } finally {
    job.end();
  }
}

it.each([
  ['fails on its inputs', 'canary', {}],
  ['reads and writes files', 'render-task-definition', { 'task-definition': 'taskdef.json' }],
])('an action that %s loads no more of Node.js than an empty module', async (_, action, inputs) => {
  const [empty, loaded] = await Promise.all([
    partsLoadedBy((job) => {
      job.file('empty.mjs', 'export {};\n');
      const script = job.file('start.mjs', "await import('./empty.mjs');\n");
      return startStep(script, job.directory, job.env).done;
    }),
    partsLoadedBy((job) => {
      job.file('taskdef.json', JSON.stringify(WEB));
      return job.run(action, inputs);
    }),
  ]);
  // Each takes up to a fifth of an action's start: crypto, net and stream are what a use of process.stdout would load.
  expect(loaded.filter((part) => !empty.includes(part) && part !== 'os')).toEqual([]);
});
