import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A text that GitHub would run, and where it stands. */
export interface Linted {
  readonly path: string;
  readonly text: string;
}

/** The workflows of a repository or of a release: those that GitHub runs, and the examples. */
export const workflowsIn = (root: string): readonly Linted[] =>
  filesIn(root, (path) => /^(\.github\/workflows|examples)\/.*\.ya?ml$/.test(path)).filter(({ text }) =>
    isWorkflow(parse(text)),
  );

export const actionsIn = (root: string): readonly Linted[] =>
  filesIn(root, (path) => /(^|\/)action\.yml$/.test(path) && !path.startsWith('test/'));

/** What documents show: whole workflows, and steps, which are put into one. */
export function snippets(): { readonly workflows: readonly Linted[]; readonly steps: readonly Linted[] } {
  const workflows: Linted[] = [];
  const steps: Linted[] = [];
  const documents = filesIn(ROOT, (path) => path.endsWith('.md') && !path.startsWith('test/'));
  for (const { path, text } of documents) {
    for (const match of text.matchAll(/^( *)```ya?ml\n([\s\S]*?)^\1```$/gm)) {
      const line = text.slice(0, match.index).split('\n').length + 1;
      const code = (match[2] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), '');
      const place = `${path}:${line}`;
      let value: unknown;
      try {
        value = parse(code);
      } catch (error) {
        throw new Error(`${place} is no YAML: ${error instanceof Error ? error.message : error}`);
      }
      if (isWorkflow(value)) workflows.push({ path: place, text: code });
      else if (isSteps(value)) {
        const job = { 'runs-on': 'ubuntu-latest', steps: value };
        steps.push({
          path: place,
          text: stringify({ on: 'push', jobs: { snippet: job } }, { lineWidth: 0 }),
        });
      }
    }
  }
  return { workflows, steps };
}

function filesIn(root: string, wanted: (path: string) => boolean): readonly Linted[] {
  // A release is no checkout.
  const paths = existsSync(join(root, '.git'))
    ? execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
        cwd: root,
        encoding: 'utf8',
      }).split('\0')
    : readdirSync(root, { recursive: true, encoding: 'utf8' });
  return paths
    .filter((path) => wanted(path) && existsSync(join(root, path)))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const isWorkflow = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'jobs' in value && 'on' in value;

const isSteps = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((step) => typeof step === 'object' && step !== null && ('uses' in step || 'run' in step));
