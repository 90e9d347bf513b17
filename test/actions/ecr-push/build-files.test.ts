import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireBuildFiles } from '../../../src/actions/ecr-push/build-files.ts';
import { workspace } from '../../images/run-here.ts';

const told = (directory: string, context = '.', file?: string): Promise<string> =>
  requireBuildFiles('shop', { context, file }, directory).then(
    () => '',
    ({ message }: Error) => message,
  );

test('a build in an empty workspace asks about the checkout', async () => {
  const directory = workspace();
  expect(await told(directory)).toBe(
    `shop: file: there is no Dockerfile in ${directory}; name the Dockerfile by file, or the directory that holds it by context; the workspace is empty; is actions/checkout missing before this step?`,
  );
  expect(await told(directory, 'api')).toBe(
    `shop: context: there is no directory ${directory}/api to build; the workspace is empty; is actions/checkout missing before this step?`,
  );
});

test('a Dockerfile is looked for where docker looks, from the workspace on', async () => {
  const directory = workspace();
  mkdirSync(join(directory, 'api'));
  writeFileSync(join(directory, 'api', 'Dockerfile'), 'FROM scratch\n');
  expect(await told(directory, 'api')).toBe('');
  expect(await told(directory, '.', 'api/Dockerfile')).toBe('');
  expect(await told(directory, '.', join(directory, 'api/Dockerfile'))).toBe('');
  expect(await told(directory, 'api', 'Dockerfile')).toBe(
    `shop: file: there is no Dockerfile ${directory}/Dockerfile, and there is api/Dockerfile; paths start from the workspace`,
  );
});

test('what docker fetches is left to docker', async () => {
  const directory = workspace();
  for (const context of [
    'https://github.com/org/shop.git#main',
    'git@github.com:org/shop.git',
    'github.com/org/shop',
  ]) {
    expect(await told(directory, context, 'api/Dockerfile')).toBe('');
  }
  expect(await told(directory, '.', 'https://shop.example.com/Dockerfile')).toBe('');
});
