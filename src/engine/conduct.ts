import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { DeployError } from '../errors.ts';
import type { AwsCall, Metrics, Reporter } from '../ports.ts';
import { narrate } from '../report/narrate.ts';
import type { Action, Observation, Phase, Rollout } from '../rollout/controller.ts';
import type { StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { AlbEngine, type EngineSettings, LEASE_MS, TakenOver } from './alb-engine.ts';
import { keepLease } from './lease.ts';
import { Recorder } from './recorder.ts';
import { type Ending, runRollout } from './run-rollout.ts';
import type { Cloud, Site } from './site.ts';
import { telling } from './telling.ts';

export interface Stage {
  readonly cloud: Cloud;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly env: NodeJS.ProcessEnv;
  readonly cancelled: AbortSignal;
  /** Lets go of calls under way; calls made afterwards are not ended by the cancellation. */
  readonly outlive: () => void;
  /** Takes the calls made so far, and is told of those to come. */
  readonly listenToCalls: (listener: (call: AwsCall) => void) => void;
  /** Hears of everything that is decided, and must not make the rollout wait. */
  readonly follow?: Follow;
}

/** What is decided in a rollout, on what was seen and on what the gates said. */
export type Follow = (
  rollout: Rollout,
  phase: Phase,
  action: Action,
  seen: Observation,
  findings: readonly Finding[],
) => void;

export interface Performance {
  readonly ending: Ending;
  /** AWS as it was seen last. */
  readonly last: Observation;
  readonly recorder: Recorder;
  readonly story: { readonly crashes: readonly StoppedTask[]; readonly events: readonly string[] };
}

export interface Limits {
  /** After that time, nothing is waited for that AWS finishes by itself. */
  readonly patienceMs?: number;
  /** After that time, a rollout that is not over is taken back. */
  readonly timeLimitMs?: number | undefined;
  /** Names the record's file. */
  readonly recordAs?: string;
}

/**
 * Conducts a rollout on a site from wherever it stands to its end, with a lease, a record and a log.
 *
 * @param from the phase to begin with, given the share of the traffic that the canary has now
 */
export async function conduct(
  stage: Stage,
  site: Site,
  rollout: Rollout,
  settings: Omit<EngineSettings, 'warn'>,
  from: (share: number) => Phase,
  { patienceMs, timeLimitMs, recordAs = settings.rolloutId }: Limits = {},
): Promise<Performance> {
  const { cloud, metrics, clock, reporter, env, cancelled, outlive, follow } = stage;
  const { rolloutId } = settings;
  const started = clock.now();
  const path = join(env['RUNNER_TEMP'] || '/tmp', 'deploy-actions', `rollout-${recordAs}.json`);
  const head = { rolloutId, cluster: site.stable.cluster, service: site.stable.name, rollout };
  const warn = (message: string) => reporter.warning(message);
  const recorder = new Recorder(clock, path, warn, head);
  stage.listenToCalls((call) => recorder.called(call));
  const engine = await AlbEngine.open(cloud, metrics, clock, site, rollout, { ...settings, warn });
  if (patienceMs !== undefined) engine.hurry(clock.now() + patienceMs);
  let turnedRound = false;
  const renew = async (until: number): Promise<void> => {
    const before = turnedRound;
    await engine.renewLease(until).catch((error: unknown) => {
      // Let go of with all calls under way, so that the traffic goes back at once: nothing to warn about.
      if (turnedRound === before && !cancelled.aborted) throw error;
    });
  };
  const tell = teller(reporter, clock);
  const lease = keepLease(clock, LEASE_MS, renew, warn);
  try {
    if (site.ledger) await engine.takeOver(clock.now() + LEASE_MS);
    const ending = await runRollout(engine, rollout, from(engine.share), {
      clock,
      recorder,
      cancelled,
      onInterrupt: () => {
        turnedRound = true;
        outlive();
      },
      ...(timeLimitMs !== undefined && { deadline: started + timeLimitMs }),
      say: (phase, action, seen, findings) => {
        tell(phase, action, seen);
        follow?.(rollout, phase, action, seen, findings);
      },
    });
    recorder.end(ending.outcome, ending.reason, engine.story.events);
    return { ending, last: engine.last(), recorder, story: engine.story };
  } catch (error) {
    if (!(error instanceof TakenOver)) throw error;
    recorder.end('rolled-back', error.message);
    throw new DeployError(error.message, {
      state: 'This run changes nothing any more; the other one brings the rollout to its end.',
      next: 'Look at that run for what became of the release.',
      cause: error,
    });
  } finally {
    await lease.stop();
    recorder.save();
  }
}

/** Says what is being done, and every minute how a wait is going. */
function teller(reporter: Reporter, clock: Clock) {
  const tell = telling(reporter, clock);
  return (phase: Phase, action: Action, seen: Observation): void => {
    const line = narrate(phase, action, seen);
    if (line === undefined) return;
    const waits = action.kind === 'hold';
    tell(line, waits ? `hold ${phase.kind} ${action.waitingFor}` : line, waits);
  };
}
