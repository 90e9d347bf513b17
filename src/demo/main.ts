import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { systemClock } from '../clock.ts';
import { ConfigError } from '../errors.ts';
import { readArguments, USAGE } from './arguments.ts';
import { closing } from './closing.ts';
import { playStory } from './play.ts';
import { inOrder } from './programme.ts';
import { abandonAll, SCALE } from './stage.ts';
import { STORIES } from './stories.ts';

/** Stories at the same time: most of a story is waiting for the clock. */
const AT_ONCE = 3;

const OPENING = [
  '',
  styleText('bold', '  deploy-actions: the bundles of dist/ against an AWS on this machine'),
  '  A web shop: service web in cluster prod, 4 tasks, 24 requests a second behind a load balancer.',
  styleText(
    'dim',
    `  Time runs ${SCALE} times as fast, so the moment in which a process starts counts as minutes.`,
  ),
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const request = readArguments(
    process.argv.slice(2),
    STORIES.map(({ name }) => name),
  );
  if (request.kind === 'help') {
    print(USAGE);
    return 0;
  }
  if (request.kind === 'list') {
    for (const { name, title } of STORIES) print(`${name.padEnd(12)}${title}`);
    return 0;
  }
  if (!existsSync(join(import.meta.dirname, '../../dist/canary/main.js'))) {
    throw new ConfigError({ input: 'dist', message: 'it holds no bundles; run npm run build first' });
  }
  const started = systemClock.now();
  for (const line of OPENING) print(line);
  const stories = STORIES.filter(({ name }) => request.names.includes(name));
  const reports = await inOrder(
    stories,
    (story, index, tell) => playStory(story, index + 1, tell),
    print,
    AT_ONCE,
  );
  for (const line of closing(reports, systemClock.now() - started)) print(line);
  return reports.every(({ misses }) => misses.length === 0) ? 0 : 1;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    abandonAll();
    process.exit(code);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
