import type { Occasion } from '../../backups/marks.ts';
import { progressOf, type SourceKind } from '../../backups/source.ts';
import { DeployError } from '../../errors.ts';
import { repositoryUrl, runUrl } from '../../github/run-identity.ts';
import type { AwsCall, Snapshots } from '../../ports.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import type { Surroundings } from './backup.ts';
import { foresee } from './foresee.ts';
import { readInputs } from './inputs.ts';
import { lookAtAll } from './look.ts';
import { backedUp, countOf, reportBackups, reportCancelled } from './report.ts';
import { type Outcome, stateOf, takeAll, titleOf } from './take.ts';
import { keepNewest } from './tidy.ts';

/** Takes snapshots of databases and caches before something critical is done, and hands on how they come back. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, clock, cancelled, env } = context;
  const inputs = await readInputs(context.input, (lines, names) =>
    withStackOutputs(lines, names, () => connectToStacks(clock, cancelled)),
  );
  const calls: number[] = [];
  const snapshotsOf = connector(context, ({ at }) => void calls.push(at));
  const sources = await lookAtAll(inputs, snapshotsOf, env['AWS_REGION'] ?? 'this region');
  const surroundings: Surroundings = {
    inputs,
    snapshotsOf,
    occasion: occasionOf(env, inputs.label),
    run: env['GITHUB_RUN_ID'] || `local${Math.floor(clock.now() / 1000)}`.slice(0, 12),
  };
  if (inputs.dryRun) return await foresee(sources, surroundings, context);
  const outcomes = await takeAll(sources, surroundings, {
    clock,
    cancelled,
    say: reporter.info,
    warn: reporter.warning,
    calls,
  });
  if (cancelled.aborted) {
    await reportCancelled(reporter, outcomes);
    throw cancelledError(outcomes);
  }
  await reportBackups(reporter, outcomes, clock.now());
  await keepNewest(outcomes, surroundings, context);
  throwTroubles(outcomes);
}

/** Opens each kind in each region once, and only what is asked for. */
function connector(
  { clock, cancelled }: ActionContext,
  onCall: (call: AwsCall) => void,
): (kind: SourceKind, region?: string) => Promise<Snapshots> {
  const open = new Map<string, Promise<Snapshots>>();
  const connection = { clock, signal: cancelled, onCall };
  const connect = async (kind: SourceKind, region?: string): Promise<Snapshots> => {
    if (kind === 'db-instance' || kind === 'db-cluster') {
      return (await import('../../aws/database-snapshots.ts')).databaseSnapshots(connection, kind, region);
    }
    return (await import('../../aws/cache-snapshots.ts')).cacheSnapshots(connection, kind);
  };
  return (kind, region) => {
    const key = `${kind} ${region ?? ''}`;
    const found = open.get(key) ?? connect(kind, region);
    open.set(key, found);
    return found;
  };
}

function occasionOf(env: NodeJS.ProcessEnv, label: string): Occasion {
  return {
    repository: repositoryUrl(env) ?? 'local',
    run: runUrl(env) ?? 'local',
    step: `${env['GITHUB_JOB'] ?? ''}/${env['GITHUB_ACTION'] ?? ''}`,
    commit: env['GITHUB_SHA'] ?? '',
    label,
  };
}

function cancelledError(outcomes: readonly Outcome[]): DeployError {
  const begun = outcomes.flatMap(({ backup, source }) =>
    (backup?.parts ?? [])
      .filter(({ asked, state }) => asked || state.kind !== 'to-order')
      .map((part) => {
        const doubt = part.state.kind === 'to-order' ? ' for all that is known; AWS was being asked' : '';
        return `${titleOf(source)}: ${stateOf(part)}${doubt}.`;
      }),
  );
  return new DeployError('The run was cancelled.', {
    state:
      begun.length === 0 ? 'No snapshot was begun.' : `AWS goes on with what was begun:\n${begun.join('\n')}`,
    next: 'Run this step again: it goes on with the same snapshots. Those that nobody wants can be deleted once they are available.',
  });
}

/** @throws DeployError telling all that went wrong, and what there is all the same */
function throwTroubles(outcomes: readonly Outcome[]): void {
  const failed = outcomes.flatMap(({ source, trouble }) => (trouble ? [{ source, trouble }] : []));
  if (failed.length === 0) return;
  const there = backedUp(outcomes);
  const done = there.map(({ source, snapshot }) => `${titleOf(source)} as ${snapshot.id}`).join(', ');
  // Of those that went wrong there may be a snapshot without its copy, or one that AWS goes on with.
  const rest = outcomes
    .flatMap(({ source, backup, trouble }) =>
      trouble ? (backup?.parts ?? []).map((part) => ({ source, part, told: trouble.message })) : [],
    )
    .filter(({ part, told }) => !told.includes(`its ${part.plan.what} ${part.id} `))
    .filter(({ part: { state } }) => state.kind !== 'to-order' && progressOf(state.snapshot) !== 'lost')
    .map(({ source, part }) => `${titleOf(source)}: ${stateOf(part)}.`);
  const state = [`${countOf(there.length, outcomes.length)}${done === '' ? '' : `: ${done}`}.`, ...rest].join(
    '\n',
  );
  throw new DeployError(
    failed.map(({ source, trouble }) => `${titleOf(source)}: ${trouble.message}`).join('\n'),
    {
      state,
      next: [...new Set(failed.flatMap(({ trouble }) => trouble.next ?? []))].join('\n'),
      cause: failed.find(({ trouble }) => trouble.defect !== undefined)?.trouble.defect,
    },
  );
}
