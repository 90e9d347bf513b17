import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { holds, interpolate, type Status } from './expressions.ts';

interface Job {
  readonly if?: string;
  readonly needs: readonly string[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const file = resolve(import.meta.dirname, '../../.github/workflows/deploy.yml');
const { on, jobs } = parse(readFileSync(file, 'utf8')) as {
  readonly on: {
    readonly workflow_call: { readonly outputs: Readonly<Record<string, { readonly value: string }>> };
  };
  readonly jobs: Readonly<Record<string, Job>>;
};

/** Every part is wanted. */
const inputs = {
  'approval-environment': 'production-approval',
  'backup-db-instances': 'shop',
  'migrate-command': 'migrate',
  'smoke-test-url': 'https://shop.example.com',
  'monitor-for': '30m',
};

const scopeOf = (name: string, results: Readonly<Record<string, string>>, run: Status = 'success') => {
  const needs = Object.fromEntries(
    (jobs[name]?.needs ?? []).map((need) => [
      need,
      { result: results[need] ?? 'success', outputs: { outcome: need === 'canary' ? 'promoted' : '' } },
    ]),
  );
  return { contexts: { inputs, needs }, status: run, jobStatus: run };
};

function runs(name: string, results: Readonly<Record<string, string>>, run: Status = 'success'): boolean {
  const job = jobs[name];
  if (!job) throw new Error(`there is no job ${name}`);
  return holds(job.if, scopeOf(name, results, run));
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
      for (const need of needs.filter((each) => each !== 'announce')) {
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

  it.each(['failure', 'cancelled', 'skipped'])(
    'canary runs whatever became of the message: %s',
    (announce) => {
      expect(runs('canary', { announce })).toBe(true);
      expect(runs('monitor', { announce })).toBe(true);
      const status = String(jobs['notify']?.steps?.at(-1)?.with?.['status']);
      const ended = (results: Readonly<Record<string, string>>) =>
        interpolate(status, scopeOf('notify', results));
      expect(ended({ announce })).toBe('promoted');
      expect(ended({ announce, verify: 'failure' })).toBe('failure');
      expect(ended({ announce, monitor: 'cancelled' })).toBe('cancelled');
    },
  );

  it('everybody is told when another release has taken the place of one that was watched', () => {
    const status = String(jobs['notify']?.steps?.at(-1)?.with?.['status']);
    const told = (outcome: string) => {
      const scope = scopeOf('notify', {});
      const { monitor } = scope.contexts.needs as Record<string, { readonly result: string }>;
      const needs = { ...scope.contexts.needs, monitor: { ...monitor, outputs: { outcome } } };
      return interpolate(status, { ...scope, contexts: { ...scope.contexts, needs } });
    };
    expect(told('superseded')).toBe('superseded');
    expect(told('')).toBe('promoted');
  });

  it('what is told as the reason is why it ended so, and not why it was promoted before', () => {
    const given = String(jobs['notify']?.steps?.at(-1)?.with?.['reason']);
    const reason = (changed: Readonly<Record<string, { result: string; outputs?: object }>>): string => {
      const scope = scopeOf('notify', {});
      const needs: Record<string, unknown> = { ...scope.contexts.needs };
      needs['canary'] = { result: 'success', outputs: { outcome: 'promoted', reason: 'every gate passed' } };
      return interpolate(given, { ...scope, contexts: { inputs, needs: { ...needs, ...changed } } });
    };
    expect(reason({})).toBe('every gate passed');
    const taken = { result: 'failure', outputs: { outcome: 'rolled-back', reason: 'error-rate: 3%' } };
    expect(reason({ canary: taken, verify: { result: 'skipped' }, monitor: { result: 'skipped' } })).toBe(
      'error-rate: 3%',
    );
    const skipped = { monitor: { result: 'skipped', outputs: {} } };
    expect(reason({ verify: { result: 'failure', outputs: {} }, ...skipped })).toBe(
      'the smoke test after the release failed',
    );
    const stuck = { result: 'failure', outputs: { outcome: 'rollback-failed' } };
    expect(reason({ verify: stuck, ...skipped })).toContain('could not be rolled back');
    expect(reason({ verify: { ...taken, outputs: { reason: 'the test failed' } }, ...skipped })).toBe(
      'the test failed',
    );
    expect(reason({ monitor: { result: 'failure', outputs: {} } })).toContain('broke off');
    expect(reason({ monitor: { result: 'cancelled', outputs: {} } })).toBe('');
  });

  it('monitor watches what its test has passed, or what has none, and nothing else', () => {
    expect(runs('monitor', {})).toBe(true);
    expect(runs('monitor', { verify: 'skipped', migrate: 'skipped', image: 'skipped' })).toBe(true);
    expect(runs('monitor', { verify: 'failure' })).toBe(false);
    expect(runs('monitor', { verify: 'cancelled' })).toBe(false);
    expect(runs('monitor', {}, 'cancelled')).toBe(false);
  });

  it('monitor goes back where there is something to go back to, as far as that is known', () => {
    const given = jobs['monitor']?.steps?.find(({ id }) => id === 'monitor')?.with?.['on-failure'];
    const onFailure = (canary: Readonly<Record<string, string>>, migrated = '', compatible = '') =>
      interpolate(String(given), {
        contexts: {
          inputs: { 'on-monitor-failure': 'roll-back', 'migrate-compatible': compatible },
          needs: { canary: { outputs: canary }, migrate: { outputs: { outcome: migrated } } },
        },
        status: 'success',
        jobStatus: 'success',
      });
    const moved = { 'task-definition': 'web:2', 'previous-task-definition': 'web:1' };
    expect(onFailure(moved)).toBe('roll-back');
    expect(onFailure({ ...moved, 'previous-task-definition': 'web:2' })).toBe('fail');
    // GitHub drops outputs that hold a masked value.
    expect(onFailure({ 'task-definition': '', 'previous-task-definition': '' })).toBe('roll-back');
    expect(onFailure(moved, 'migrated', 'false')).toBe('fail');
    expect(onFailure(moved, 'nothing-to-do', 'false')).toBe('roll-back');
  });

  it.each([
    [undefined, 'promoted'],
    ['passed', 'promoted'],
    ['superseded', 'superseded'],
    ['rolled-back', 'rolled-back'],
    ['rollback-failed', 'rollback-failed'],
  ])('promoted is the outcome of a watch that has passed and of none: %s', (watched, outcome) => {
    const scope = (contexts: object) =>
      ({ contexts: { ...contexts }, status: 'success', jobStatus: 'success' }) as const;
    const steps = { monitor: { outputs: { outcome: watched } } };
    const ended = watched && interpolate(jobs['monitor']?.outputs?.['outcome'] ?? '', scope({ steps }));
    const verify = { outputs: {} };
    const canary = { outputs: { outcome: 'promoted' } };
    const after = { monitor: { outputs: ended === undefined ? {} : { outcome: ended } }, verify, canary };
    const { value = '' } = on.workflow_call.outputs['outcome'] ?? {};
    expect(interpolate(value, scope({ jobs: after }))).toBe(outcome);
  });

  it.each([
    ['', '', ''],
    ['alarms: warn', '', 'alarms: warn'],
    ['', 'flyway migrate', 'migrations: warn'],
    ['alarms: warn', 'flyway migrate', 'migrations: warn alarms: warn'],
    ['alarms: warn\nmigrations: fail', 'flyway migrate', 'alarms: warn migrations: fail'],
  ])('check lets a migration follow one that has failed: %j, %j', (given, command, checks) => {
    const preflight = jobs['check']?.steps?.find(({ uses }) => uses?.includes('/preflight@'))?.with?.[
      'checks'
    ];
    const contexts = {
      inputs: {
        'preflight-checks': given,
        'migrate-command': command,
        'migrate-commands': '',
        'migrate-preset': '',
      },
    };
    const text = interpolate(String(preflight), { contexts, status: 'success', jobStatus: 'success' });
    expect(text.trim().replaceAll(/\s+/g, ' ')).toBe(checks);
  });

  it.each(['migrate', 'canary'])('%s gets the images that are given beside one that was built', (name) => {
    const given = 'sidecar=123456789012.dkr.ecr.eu-west-1.amazonaws.com/sidecar:v1';
    const scope = (contexts: object) =>
      ({ contexts: { ...contexts }, status: 'success', jobStatus: 'success' }) as const;
    const output = jobs['image']?.outputs?.['images'] ?? '';
    const render = jobs[name]?.steps?.find((step) => step.with && 'images' in step.with)?.with?.['images'];
    const images = (
      pushed: Readonly<Record<string, string>> | undefined,
      of: Readonly<Record<string, string>>,
    ): string => {
      const steps = { push: { outputs: pushed ?? {} }, promote: { outputs: {} } };
      const handed = interpolate(output, scope({ steps, inputs: of }));
      // GitHub drops outputs that hold a masked value.
      const kept = handed.includes('123456789012') ? '' : handed;
      const image = pushed
        ? { result: 'success', outputs: { images: kept } }
        : { result: 'skipped', outputs: {} };
      return interpolate(String(render), scope({ inputs: of, needs: { image } }));
    };
    const one = { reference: 'ecr:shop@sha256:1', references: '{"shop":"ecr:shop@sha256:1"}' };
    expect(images(one, { images: given })).toBe(given);
    expect(images(one, { images: 'unchanged' })).toBe('unchanged');
    expect(images(one, { images: '' })).toBe('unchanged');
    expect(images(undefined, { images: given })).toBe(given);
    expect(images({ reference: '', references: one.references }, { images: 'unchanged' })).toBe(
      one.references,
    );
  });

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

const action = parse(readFileSync(resolve(import.meta.dirname, '../../action.yml'), 'utf8')) as {
  readonly runs: { readonly steps: readonly Step[] };
};

describe('a boolean of the root action', () => {
  const given = { preflight: 'true', incident: 'false', 'dry-run': '' };
  const begins = (id: string, inputs: Readonly<Record<string, string>>): boolean =>
    holds(action.runs.steps.find((step) => step.id === id)?.if, {
      contexts: { inputs: { ...given, ...inputs } },
      status: 'success',
      jobStatus: 'success',
    });

  it.each(['preflight', 'incident', 'dry-run'])('that is another word ends the step first: %s', (name) => {
    expect(action.runs.steps.findIndex(({ id }) => id === 'switches')).toBeLessThan(
      action.runs.steps.findIndex(({ uses }) => uses !== undefined),
    );
    for (const word of ['yes', 'on', '1', 'ture']) expect(begins('switches', { [name]: word })).toBe(true);
    for (const word of ['', 'true', 'false', 'True', 'FALSE']) {
      expect(begins('switches', { [name]: word })).toBe(false);
    }
  });

  it('that leaves the checklist out is refused beside what only the checklist looks at', () => {
    const unlooked = jobs['check']?.steps?.find(({ id }) => id === 'unlooked')?.if;
    for (const preflight of [false, true]) {
      for (const [freeze, age] of [['', ''] as const, ['freeze.yml', ''] as const, ['', '25h'] as const]) {
        const ends = !preflight && freeze + age !== '';
        const of = { freeze, 'backup-max-age': age };
        expect(begins('unlooked', { ...of, preflight: String(preflight) })).toBe(ends);
        const contexts = { inputs: { ...of, preflight } };
        expect(holds(unlooked, { contexts, status: 'success', jobStatus: 'success' })).toBe(ends);
      }
    }
  });

  it('that is empty is as its default: the service is looked at first', () => {
    expect(begins('preflight', { preflight: '' })).toBe(true);
    expect(begins('preflight', { preflight: 'false' })).toBe(false);
  });
});

describe('the incident of the root action', () => {
  const condition = action.runs.steps.find(({ id }) => id === 'incident')?.if;
  const part = (outcome: string, said = '') => ({ outcome, outputs: { outcome: said } });
  const tells = (
    status: Status,
    canary: string,
    rollBack: ReturnType<typeof part>,
    monitor: ReturnType<typeof part>,
  ): boolean =>
    holds(condition, {
      contexts: {
        inputs: { incident: 'true' },
        steps: { canary: part('success', canary), 'roll-back': rollBack, monitor },
      },
      status,
      jobStatus: status,
    });
  const skipped = part('skipped');

  it('is told after whatever was taken back, and closed after what is sound', () => {
    expect(tells('success', 'promoted', skipped, skipped)).toBe(true);
    expect(tells('success', 'promoted', skipped, part('success', 'passed'))).toBe(true);
    expect(tells('failure', 'rolled-back', skipped, skipped)).toBe(true);
    expect(tells('cancelled', 'rolled-back', skipped, skipped)).toBe(true);
    expect(tells('failure', 'promoted', part('success', 'rolled-back'), skipped)).toBe(true);
    expect(tells('failure', 'promoted', part('failure'), skipped)).toBe(true);
    expect(tells('failure', 'promoted', skipped, part('failure', 'rolled-back'))).toBe(true);
    expect(tells('failure', 'promoted', skipped, part('failure', 'failed'))).toBe(true);
    expect(tells('failure', '', skipped, skipped)).toBe(false);
  });

  it('is not closed by a release that has failed and stays, or that nobody has judged', () => {
    expect(tells('failure', 'promoted', skipped, skipped), 'a test that failed, and keep').toBe(false);
    expect(tells('failure', 'promoted', skipped, part('failure')), 'no credentials any more').toBe(false);
    expect(tells('cancelled', 'promoted', skipped, part('cancelled')), 'cancelled').toBe(false);
  });

  it('tells of a watch that has failed, though its release stays', () => {
    const given = String(action.runs.steps.find(({ id }) => id === 'incident')?.with?.['outcome']);
    const outcome = (canary: string, monitor: string) =>
      interpolate(given, {
        contexts: {
          steps: { canary: part('success', canary), 'roll-back': skipped, monitor: part('failure', monitor) },
        },
        status: 'failure',
        jobStatus: 'success',
      });
    expect(outcome('promoted', 'failed')).toBe('failed');
    expect(outcome('promoted', 'rolled-back')).toBe('rolled-back');
    expect(outcome('promoted', 'passed')).toBe('promoted');
    expect(outcome('rolled-back', '')).toBe('rolled-back');
  });
});
