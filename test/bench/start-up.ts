/**
 * Measures what every job pays before an action does anything: how long the built bundles take to start, as a ratio to
 * `node -e 0` on the same machine, and how much there is to download: the whole release, as it is staged from a clean
 * checkout. Runs are paired, one of each kind in turn, so that a busy machine slows all kinds alike. Exits with 1 when a
 * limit is passed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '../..');
const ROUNDS = 31;
const LIMITS = { failFast: 2.2, render: 2.5, kilobytes: 860 };

const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-bench-'));
/** About 13 KB in all, as a team's own: variables, secrets, logging and health checks. */
const container = (name: string) => ({
  name,
  image: `registry.example/${name}@sha256:${'0'.repeat(64)}`,
  essential: name === 'app',
  portMappings: name === 'app' ? [{ containerPort: 8080, name: 'http', appProtocol: 'http' }] : [],
  environment: Array.from({ length: 25 }, (_, index) => ({
    name: `${name.toUpperCase()}_SETTING_${index}`,
    value: `https://${name}.shop.example/settings/${index}`,
  })),
  secrets: Array.from({ length: 8 }, (_, index) => ({
    name: `${name.toUpperCase()}_SECRET_${index}`,
    valueFrom: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/${name}/secret-${index}-AbCdEf`,
  })),
  healthCheck: { command: ['CMD-SHELL', 'curl -f http://localhost:8080/health || exit 1'], interval: 10 },
  logConfiguration: {
    logDriver: 'awslogs',
    options: {
      'awslogs-group': '/ecs/shop',
      'awslogs-region': 'eu-west-1',
      'awslogs-stream-prefix': name,
    },
  },
});
writeFileSync(
  join(directory, 'task-definition.json'),
  JSON.stringify(
    {
      family: 'shop',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '512',
      memory: '1024',
      executionRoleArn: 'arn:aws:iam::111122223333:role/shop-execution',
      containerDefinitions: ['app', 'proxy', 'metrics'].map(container),
    },
    undefined,
    1,
  ),
);

interface Kind {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
}

const KINDS: readonly Kind[] = [
  { name: 'node -e 0', args: ['-e', '0'], code: 0 },
  { name: 'fail on a missing input', args: [join(ROOT, 'dist/canary/main.js')], code: 1 },
  {
    name: 'render three containers',
    args: [join(ROOT, 'dist/render-task-definition/main.js')],
    env: {
      'INPUT_TASK-DEFINITION': 'task-definition.json',
      'INPUT_CONTAINER-NAME': 'app',
      INPUT_IMAGE: `registry.example/app@sha256:${'1'.repeat(64)}`,
      INPUT_IMAGES: 'unchanged',
    },
    code: 0,
  },
];

/** Real milliseconds of one run. */
function time({ name, args, env, code }: Kind): number {
  const output = join(directory, 'output');
  writeFileSync(output, '');
  const began = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      GITHUB_WORKSPACE: directory,
      RUNNER_TEMP: directory,
      GITHUB_OUTPUT: output,
      ...env,
    },
  });
  const took = performance.now() - began;
  if (status !== code) throw new Error(`${name} ended with ${status} instead of ${code}: ${stdout}`);
  return took;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Real milliseconds of each kind, by rounds. */
function measure(): readonly (readonly number[])[] {
  const times = KINDS.map(() => [] as number[]);
  for (let round = -2; round < ROUNDS; round++) {
    for (const [index, kind] of KINDS.entries()) {
      const took = time(kind);
      // The first rounds fill the disk cache.
      if (round >= 0) times[index]?.push(took);
    }
  }
  return times;
}

let [base = [], fail = [], render = []] = measure();
const ratio = (of: readonly number[]) => median(of.map((took, round) => took / (base[round] ?? Number.NaN)));
// What else the machine does makes a start slower and never quicker: a limit is passed when it is each time.
for (let again = 0; again < 2 && (ratio(fail) > LIMITS.failFast || ratio(render) > LIMITS.render); again++)
  [base = [], fail = [], render = []] = measure();

const staged = join(directory, 'release');
execFileSync(process.execPath, [join(ROOT, 'src/build/stage-release.ts'), staged, '--version', 'v0.1.0'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const files = readdirSync(staged, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => relative(staged, join(parentPath, name)))
  .toSorted();
/** As GitHub packs what a job downloads: in the order of names, and compressed as gzip does by itself. */
const kilobytes = (of: readonly string[]): number =>
  gzipSync(execFileSync('tar', ['-C', staged, '-cf', '-', ...of], { maxBuffer: 2 ** 27 })).length / 1000;

const rows: readonly (readonly [string, string, number, string, number])[] = [
  ['fail on a missing input', `${median(fail).toFixed(0)} ms`, ratio(fail), 'x node -e 0', LIMITS.failFast],
  ['render three containers', `${median(render).toFixed(0)} ms`, ratio(render), 'x node -e 0', LIMITS.render],
  ['the whole release', `${files.length} files`, kilobytes(files), 'KB', LIMITS.kilobytes],
];
console.log(`node -e 0: ${median(base).toFixed(0)} ms (median of ${ROUNDS})`);
for (const [name, absolute, value, unit, limit] of rows) {
  const verdict = value <= limit ? 'ok' : 'TOO MUCH';
  console.log(`${name}: ${absolute}, ${value.toFixed(2)} ${unit} (at most ${limit}) ${verdict}`);
}
const PARTS: readonly (readonly [string, RegExp])[] = [
  ["PostgreSQL's parser", /\.wasm\.br$/],
  ['JavaScript', /^dist\/.*\.js$/],
  ['all else', /^(?!dist\/)/],
];
for (const [name, pattern] of PARTS)
  console.log(`  ${name}: ${kilobytes(files.filter((file) => pattern.test(file))).toFixed(0)} KB`);
rmSync(directory, { recursive: true });
process.exitCode = rows.some(([, , value, , limit]) => value > limit) ? 1 : 0;
