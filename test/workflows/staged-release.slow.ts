import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PUBLISHED_WORKFLOWS } from '../../src/build/release/published.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import type { SimulatedWorld } from '../../src/simulator/world/world.ts';
import { writeLayout } from '../images/layout.ts';
import { actionlint } from '../slow/tools.ts';
import { StagedRelease, VERSION, withSimulator } from './act.ts';

const ROOT = resolve(import.meta.dirname, '../..');

let release: StagedRelease;
let staged: string;

beforeAll(() => {
  release = new StagedRelease();
  staged = release.tree;
});

afterAll(() => release.end());

/** Runs a workflow of one job. */
const runWorkflow = (steps: string, simulator: Simulator<SimulatedWorld>) =>
  runJobs(`  deploy:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`, simulator);

async function runJobs(jobs: string, simulator: Simulator<SimulatedWorld>) {
  const workflow = '.github/workflows/deploy.yml';
  const files = { [workflow]: `on: workflow_dispatch\njobs:\n${jobs}` };
  execFileSync(actionlint(), [join(release.checkout(files), workflow)]);
  return release.run({ files }, simulator);
}

/** Every file of a directory, by its path in it. */
const filesOf = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted();

/** Every `uses` of a workflow or an action, of steps and of jobs. */
function usesOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, within]) =>
    key === 'uses' && typeof within === 'string' ? [within] : usesOf(within),
  );
}

/**
 * What a link into a document may name, as GitHub makes it of its headings, and nothing; `undefined` when there is no such
 * file. Of a directory, its README is shown.
 */
function anchorsOf(path: string): ReadonlySet<string> | undefined {
  if (!existsSync(path)) return undefined;
  const isDirectory = statSync(path).isDirectory();
  const file = isDirectory ? join(path, 'README.md') : path;
  if (isDirectory && !existsSync(file)) return new Set(['']);
  const anchors = new Set(isDirectory ? ['', 'readme'] : ['']);
  if (!file.endsWith('.md')) return anchors;
  const prose = readFileSync(file, 'utf8').replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#+ (.+)$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim();
    anchors.add(
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    );
  }
  return anchors;
}

/** Links of a document to what is not beside it, or to a heading that is not there. */
function brokenLinks(root: string, file: string): readonly string[] {
  const prose = readFileSync(join(root, file), 'utf8')
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(root, file) : resolve(root, dirname(file), path);
    const leads = /^https:/.test(link) || anchorsOf(target)?.has(anchor ?? '');
    return leads ? [] : [`${file}: ${link}`];
  });
}

describe('the staged release', () => {
  it('has every action at its root, what is called or read by users, and neither sources nor tests', () => {
    const actions = readdirSync(join(ROOT, 'actions'));
    expect(actions.length).toBeGreaterThan(8);
    expect(readdirSync(staged).toSorted()).toEqual(
      ['.github', 'LICENSE', 'README.md', 'action.yml', 'dist', ...actions].toSorted(),
    );
    for (const action of actions) {
      expect(readdirSync(join(staged, action))).toEqual(
        readdirSync(join(ROOT, 'actions', action)).filter((file) => !/\.md$|^policy\.json$/.test(file)),
      );
    }
    expect(readdirSync(join(staged, '.github'))).toEqual(['workflows']);
    expect(readdirSync(join(staged, '.github/workflows')).toSorted()).toEqual(
      PUBLISHED_WORKFLOWS.map((name) => `${name}.yml`).toSorted(),
    );
    expect(
      filesOf(staged).filter((file) => /\.ts$|(^|\/)(test|src|examples|node_modules)\//.test(file)),
    ).toEqual([]);
  });

  it('is the same whenever and wherever it is staged', () => {
    const again = new StagedRelease();
    try {
      expect(filesOf(again.tree)).toEqual(filesOf(staged));
      for (const file of filesOf(staged)) {
        expect(readFileSync(join(again.tree, file)).equals(readFileSync(join(staged, file))), file).toBe(
          true,
        );
      }
    } finally {
      again.end();
    }
  });

  it('starts programs that are in it', () => {
    for (const file of filesOf(staged).filter((path) => path.endsWith('action.yml'))) {
      const { runs } = parse(readFileSync(join(staged, file), 'utf8')) as {
        runs: { using: string; main?: string; post?: string };
      };
      const scripts = [runs.main, runs.post].filter((script) => script !== undefined);
      expect(scripts.length > 0, file).toBe(runs.using === 'node24');
      for (const script of scripts) {
        expect(readFileSync(resolve(staged, dirname(file), script), 'utf8')).toContain('index.js');
      }
    }
  });

  it('refers to nothing but itself, and to what is pinned', () => {
    const files = filesOf(staged).filter((path) => path.endsWith('.yml'));
    const all = files.flatMap((file) => usesOf(parse(readFileSync(join(staged, file), 'utf8'))));
    const own = all.filter((uses) => !/^[\w-]+\/[\w/-]+@[\da-f]{40}$/.test(uses));
    expect(own.length).toBeGreaterThan(0);
    for (const uses of own) {
      const [, path] = new RegExp(`^org/deploy-actions(?:/(.+))?@${VERSION}$`).exec(uses) ?? [];
      expect(uses).toMatch(new RegExp(`^org/deploy-actions.*@${VERSION}$`));
      const target = path?.endsWith('.yml') ? path : join(path ?? '', 'action.yml');
      expect(existsSync(join(staged, target)), uses).toBe(true);
    }
  });

  it('has a README that names its own version, and whose links lead to what is there', () => {
    const text = readFileSync(join(staged, 'README.md'), 'utf8');
    expect(text.match(/org\/deploy-actions\S*@v\d+\b(?!\.)/g)).toBeNull();
    expect(brokenLinks(staged, 'README.md')).toEqual([]);
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
    for (const [, kind, at, path = ''] of text.matchAll(
      /\]\(https:\/\/github\.com\/org\/deploy-actions\/(blob|tree)\/(\w+)\/([^)#]+)/g,
    )) {
      expect(at).toBe(commit);
      expect(statSync(join(ROOT, path)).isDirectory(), path).toBe(kind === 'tree');
    }
  });

  it('comes from sources whose documents have links that lead somewhere', () => {
    const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(documents.length).toBeGreaterThan(20);
    expect(documents.flatMap((file) => brokenLinks(ROOT, file))).toEqual([]);
  });

  it('promotes a good release in one step, and rolls it back by hand in the next', async () => {
    await withSimulator({}, async (simulator) => {
      const { code, log } = await runWorkflow(
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

  it('brings an image from its push through two jobs to users, and on to production', async () => {
    const image = join(release.home, 'image');
    const digest = writeLayout(image, { text: 'v2' });
    const repositories = { shop: { immutable: true }, production: { immutable: true } };
    await withSimulator({ repositories }, async (simulator) => {
      const { code, log } = await runJobs(
        `  image:
    runs-on: ubuntu-latest
    outputs:
      reference: \${{ steps.push.outputs.reference }}
    steps:
      - id: push
        uses: org/deploy-actions/ecr-push@v1
        with:
          repository: shop
          tags: v2
          oci-layout: ${image}
  plan:
    needs: image
    runs-on: ubuntu-latest
    steps:
      - uses: org/deploy-actions/plan@v1
        with:
          cluster: prod
          service: web
          image: \${{ needs.image.outputs.reference }}
          comment: false
  deploy:
    needs: [image, plan]
    runs-on: ubuntu-latest
    steps:
      - id: deploy
        uses: org/deploy-actions@v1
        with:
          cluster: prod
          service: web
          image: \${{ needs.image.outputs.reference }}
          require-digest: true
          steps: 50% for 4m
      - run: echo "it was $OUTCOME, changed $CHANGED"
        env:
          OUTCOME: \${{ steps.deploy.outputs.outcome }}
          CHANGED: \${{ steps.deploy.outputs.changed }}
  promote:
    needs: [image, deploy]
    runs-on: ubuntu-latest
    steps:
      - id: promote
        uses: org/deploy-actions/promote@v1
        with:
          image: \${{ needs.image.outputs.reference }}
          to-repository: production
          tags: v2
      - run: echo "promoted as $DIGEST"
        env:
          DIGEST: \${{ steps.promote.outputs.digest }}
`,
        simulator,
      );
      expect(log).toContain('it was promoted, changed true');
      expect(log).toContain(`promoted as ${digest}`);
      expect(log).toMatch(/web: image app:v1 -> \S+\/shop@sha256:/);
      expect(code, log).toBe(0);
      expect(simulator.bugs).toEqual([]);
      const registered = simulator.calls.filter(({ operation }) => operation === 'RegisterTaskDefinition');
      expect(registered).toHaveLength(1);
    });
  });

  it('checks a migration, makes a backup, migrates, and refuses to undo', async () => {
    const image = join(release.home, 'migrating');
    mkdirSync(image);
    const override = {
      databases: { instances: { shop: { snapshotTime: 60_000 } } },
      programs: { 'app:v1': { directory: image }, 'app:v2': { directory: image } },
    };
    await withSimulator(
      { override },
      async (simulator) => {
        const { code, log } = await runWorkflow(
          `      - run: |
          mkdir migrations
          echo 'ALTER TABLE orders ADD COLUMN note text;' > migrations/1_note.sql
      - id: check
        uses: org/deploy-actions/check-migrations@v1
        with:
          changed-only: false
      - id: backup
        uses: org/deploy-actions/backup@v1
        with:
          db-instances: shop
      - id: migrate
        uses: org/deploy-actions/migrate@v1
        with:
          cluster: prod
          service: web
          image: app:v2
          command: '["sh", "-c", "echo applied >> log; cat log"]'
          verify-command: cat log
          verify-matches: ^applied$
          compatible: \${{ steps.check.outputs.compatible }}
          backup: \${{ steps.backup.outputs.snapshot-ids }}
      - run: echo "it was $OUTCOME, compatible $COMPATIBLE"
        env:
          OUTCOME: \${{ steps.migrate.outputs.outcome }}
          COMPATIBLE: \${{ steps.migrate.outputs.compatible }}
      - uses: org/deploy-actions/migrate@v1
        with:
          cluster: prod
          service: web
          undo: true
          undo-command: rm log
`,
          simulator,
        );
        expect(log).toContain('it was migrated, compatible true');
        expect(log).toContain('Fix forward');
        expect(log).toMatch(/shop-pre-deploy-20260105-\w+/);
        expect(code, log).toBe(1);
        expect(readFileSync(join(image, 'log'), 'utf8')).toBe('applied\n');
        expect(simulator.bugs).toEqual([]);
      },
      60,
    );
  });
});
