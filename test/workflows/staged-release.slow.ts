import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { scaledClock } from '../../src/clock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { act, actionlint } from '../slow/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const VERSION = 'v0.1.0';

let home: string;
let staged: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'deploy-actions-release-'));
  staged = join(home, 'staged');
  const clone = join(home, 'clone');
  // A release is staged from what is committed.
  execFileSync('git', ['clone', '--quiet', ROOT, clone]);
  execFileSync(process.execPath, [join(clone, 'src/build/stage-release.ts'), staged, '--version', VERSION]);
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Runs a workflow of one job with act, on this machine, against the simulator. */
async function runWorkflow(name: string, steps: string, simulator: Simulator<SimulatedWorld>) {
  const workspace = join(home, name);
  const file = join(workspace, '.github/workflows/deploy.yml');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`,
  );
  execFileSync('git', ['init', '--quiet', workspace]);
  execFileSync(actionlint(), [file]);
  const references = ['v1', VERSION].flatMap((ref) => [
    '--local-repository',
    `org/deploy-actions@${ref}=${staged}`,
  ]);
  const variables = Object.entries(simulator.env()).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const flags = ['-P', 'ubuntu-latest=-self-hosted', '--no-cache-server', ...references, ...variables];
  const child = spawn(act(), ['workflow_dispatch', '-W', '.github/workflows/deploy.yml', ...flags], {
    cwd: workspace,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const code = await new Promise<number | null>((settle) => child.on('close', settle));
  return { code, log };
}

async function withSimulator<T>(
  options: Parameters<typeof webShop>[0],
  use: (simulator: Simulator<SimulatedWorld>) => Promise<T>,
): Promise<T> {
  const clock = scaledClock(Date.now(), Date.UTC(2026, 0, 5, 12), 600);
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ images: ['app:v1', 'app:v2'], ...options })),
  });
  try {
    return await use(simulator);
  } finally {
    await simulator.close();
  }
}

describe('the staged release', () => {
  it('has every action at its root and neither sources nor tests', () => {
    const entries = readdirSync(staged).toSorted();
    expect(entries).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'action.yml',
      'canary',
      'dist',
      'render-task-definition',
      'rollback',
    ]);
  });

  it('refers to nothing but itself', () => {
    const files = [
      'action.yml',
      'canary/action.yml',
      'rollback/action.yml',
      'render-task-definition/action.yml',
    ];
    for (const file of files) {
      const { runs } = parse(readFileSync(join(staged, file), 'utf8')) as {
        runs: { main?: string; post?: string; steps?: { uses?: string }[] };
      };
      for (const script of [runs.main, runs.post]) {
        if (script)
          expect(readFileSync(resolve(staged, dirname(file), script), 'utf8')).toContain('index.js');
      }
      for (const { uses } of runs.steps ?? [])
        expect(uses).toMatch(new RegExp(`^org/deploy-actions/.*@${VERSION}$`));
    }
  });

  it('promotes a good release in one step, and rolls it back by hand in the next', async () => {
    await withSimulator({}, async (simulator) => {
      const { code, log } = await runWorkflow(
        'good',
        `      - id: deploy
        uses: org/deploy-actions@v1
        with:
          cluster: prod
          service: web
          image: app:v2
          steps: 50% for 4m
      - run: echo "it was $OUTCOME"
        env:
          OUTCOME: \${{ steps.deploy.outputs.outcome }}
      - uses: org/deploy-actions/rollback@v1
        with:
          cluster: prod
          service: web
`,
        simulator,
      );
      expect(log).toContain('it was promoted');
      expect(log).toContain('web runs web:1: 4 of 4 tasks');
      expect(code, log).toBe(0);
      expect(simulator.bugs).toEqual([]);
    });
  });

  it('takes a bad release back and fails the job', async () => {
    await withSimulator({ behaviours: { 'app:v2': { errorRate: 0.2 } } }, async (simulator) => {
      const { code, log } = await runWorkflow(
        'bad',
        `      - id: deploy
        uses: org/deploy-actions@v1
        with:
          cluster: prod
          service: web
          image: app:v2
          steps: 50% for 6m
      - if: always()
        run: echo "it was $OUTCOME"
        env:
          OUTCOME: \${{ steps.deploy.outputs.outcome }}
`,
        simulator,
      );
      expect(log).toContain('it was rolled-back');
      expect(log).toMatch(/web:3 was taken back: error-rate|web:2 was taken back: error-rate/);
      expect(code).toBe(1);
      expect(simulator.bugs).toEqual([]);
    });
  });
});
