import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const MODULE = resolve(import.meta.dirname, '../../src/github/standard-output.ts');
const LINES = 3_000;

/** Starts a process that runs a script in which `print` is there. */
const printing = (script: string): ChildProcess =>
  spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { print } from ${JSON.stringify(MODULE)};\n${script}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );

it.each([
  ['waits', ''],
  // Node.js does so to the pipe when its own stream is used, and so does another process with the same pipe.
  ['does not wait', 'process.stdout.write("");'],
])(
  'all that is printed arrives, in order, before the process ends, through a pipe that %s',
  async (_, before) => {
    const child = printing(`
    ${before}
    console.error('begun');
    for (let line = 0; line < ${LINES}; line++) print(line + 'x'.repeat(250) + '\\n');
    process.exit();`);
    // By now the pipe is full, or soon will be: it holds a quarter of the lines.
    await once(child.stderr ?? child, 'data');
    const parts: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => parts.push(part));
    const [code] = await once(child, 'close');
    const lines = Buffer.concat(parts).toString().split('\n');
    expect(code).toBe(0);
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual([...Array(LINES).keys(), Number.NaN]);
  },
);

it('a process that nobody reads any more is told to end, once, and may go on for as long as it needs', async () => {
  const child = printing(`
    let told = 0;
    process.on('SIGTERM', () => {
      told++;
      print('y');
      setTimeout(() => process.exit(told === 1 ? 7 : 8), 50);
    });
    setInterval(() => print('x'), 1);`);
  child.stdout?.destroy();
  expect(await once(child, 'close')).toEqual([7, null]);
});
