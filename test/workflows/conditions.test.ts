import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { holds, type Status } from './expressions.ts';

interface Job {
  readonly if?: string;
  readonly needs: readonly string[];
}

const file = resolve(import.meta.dirname, '../../.github/workflows/deploy.yml');
const { jobs } = parse(readFileSync(file, 'utf8')) as { jobs: Readonly<Record<string, Job>> };

/** Every part is wanted. */
const inputs = {
  'approval-environment': 'production-approval',
  'backup-db-instances': 'shop',
  'migrate-command': 'migrate',
  'smoke-test-url': 'https://shop.example.com',
};

function runs(name: string, results: Readonly<Record<string, string>>, run: Status = 'success'): boolean {
  const job = jobs[name];
  if (!job) throw new Error(`there is no job ${name}`);
  const needs = Object.fromEntries(
    job.needs.map((need) => [need, { result: results[need] ?? 'success', outputs: { outcome: 'promoted' } }]),
  );
  return holds(job.if, { contexts: { inputs, needs }, status: run, jobStatus: run });
}

describe('a job of deploy.yml', () => {
  for (const name of ['approve', 'backup', 'migrate', 'canary']) {
    it(`${name} runs after what succeeded and what was not wanted, and after nothing else`, () => {
      const needs = jobs[name]?.needs ?? [];
      expect(runs(name, {})).toBe(true);
      const notWanted = Object.fromEntries(
        needs.filter((need) => need !== 'check').map((need) => [need, 'skipped']),
      );
      expect(runs(name, notWanted)).toBe(true);
      for (const need of needs) {
        expect(runs(name, { [need]: 'failure' }), `after the failure of ${need}`).toBe(false);
        // That is what GitHub calls a job whose time limit has ended it, though the run goes on.
        expect(runs(name, { [need]: 'cancelled' }), `after the time limit of ${need}`).toBe(false);
        // What comes after the job that failed was skipped for it.
        const later = needs.slice(needs.indexOf(need) + 1).map((other) => [other, 'skipped']);
        expect(runs(name, { ...Object.fromEntries(later), [need]: 'failure' })).toBe(false);
      }
      expect(runs(name, {}, 'cancelled')).toBe(false);
    });
  }

  it('verify runs only after a promotion', () => {
    expect(runs('verify', { migrate: 'skipped' })).toBe(true);
    expect(runs('verify', {}, 'cancelled')).toBe(false);
    const contexts = { inputs, needs: { canary: { outputs: { outcome: 'rolled-back' } } } };
    expect(holds(jobs['verify']?.if, { contexts, status: 'success', jobStatus: 'success' })).toBe(false);
  });

  it('names all before it, so that it sees what became of them', () => {
    const order = ['check', 'image', 'approve', 'backup', 'migrate', 'canary'];
    for (const name of ['approve', 'backup', 'migrate', 'canary']) {
      const needs = [jobs[name]?.needs].flat().filter((each) => each !== 'announce');
      expect(needs).toEqual(order.slice(0, order.indexOf(name)));
    }
  });
});
