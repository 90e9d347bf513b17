import type { Clock } from '../clock.ts';
import { DeployError, isOutage } from '../errors.ts';
import {
  type Action,
  answered,
  decide,
  type Observation,
  type Phase,
  type Rollout,
} from '../rollout/controller.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { TakenOver } from './alb-engine.ts';
import type { Recorder } from './recorder.ts';

/** What the loop needs of whatever moves the traffic. */
export interface Engine {
  /** Looks at AWS. */
  observe(phase: Phase): Promise<Observation>;
  /** What was seen last, without a call. */
  last(): Observation;
  act(action: Action): Promise<void>;
  /** Writes down where the rollout stands. */
  note(phase: Phase): Promise<void>;
  nextLook(phase: Phase, now: number): number;
  hurry(): void;
  /** The share of the traffic that the canary has, read now; `undefined` when it cannot be read. */
  shareNow(): Promise<number | undefined>;
}

export interface LoopContext {
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Aborts when the run has to end now. */
  readonly cancelled: AbortSignal;
  /** Called once when the rollout begins to be taken back, so that calls that were under way are let go. */
  readonly onInterrupt: () => void;
  /** When the rollout is taken back if it is not over, ms since the epoch. */
  readonly deadline?: number;
  readonly say: (phase: Phase, action: Action, seen: Observation, findings: readonly Finding[]) => void;
}

export type Ending = Phase & { kind: 'done' };

/** Errors on the way back are tried again; the last one is told. */
const RESCUE_ATTEMPTS = 5;
const RESCUE_PAUSE_MS = 2_000;
/** How long AWS may be away while a release is taken back. */
const RESCUE_PATIENCE_MS = 10 * 60_000;

/** What an action changes that the user has to be told about when it fails. */
const isRescue = ({ kind }: Phase): boolean => kind === 'rolling-back' || kind === 'cleaning';

/**
 * The one loop of the product: observe, decide, act, record, until the rollout is done. Cancellation and errors
 * inside turn it round: the traffic goes back before anything else is looked at.
 *
 * @param first where the rollout stands
 * @throws TakenOver when another run has made it its own; DeployError when AWS does not let it be taken back
 */
export async function runRollout(
  engine: Engine,
  rollout: Rollout,
  first: Phase,
  { clock, recorder, cancelled, onInterrupt, say, deadline = Number.POSITIVE_INFINITY }: LoopContext,
): Promise<Ending> {
  let phase = first;
  let interrupted: string | undefined;
  let failures = 0;
  let outageSince: number | undefined;
  let noted: Phase['kind'] | undefined;

  const interrupt = (reason: string): void => {
    if (interrupted !== undefined) return;
    interrupted = reason;
    onInterrupt();
  };

  /** Waits before the way back is tried again; what AWS refuses is taken at its word sooner than its silence. */
  const endure = async (error: unknown): Promise<void> => {
    if (isOutage(error)) outageSince ??= clock.now();
    else failures++;
    const silent = outageSince !== undefined && clock.now() - outageSince > RESCUE_PATIENCE_MS;
    if (silent || failures >= RESCUE_ATTEMPTS) throw stuck(phase, error, await engine.shareNow());
    await clock.sleep(RESCUE_PAUSE_MS);
  };

  for (;;) {
    if (clock.now() >= deadline && !isRescue(phase)) {
      interrupt('the rollout was not over within its time limit');
    }
    if (cancelled.aborted) {
      engine.hurry();
      interrupt(`the run was cancelled (${String(cancelled.reason)})`);
    }
    let seen = engine.last();
    if (interrupted === undefined || isRescue(phase)) {
      try {
        // On the way back, traffic is moved by what is known; looking comes after.
        seen = await engine.observe(phase);
        recorder.observed(seen);
      } catch (error) {
        if (error instanceof TakenOver) throw error;
        recorder.failed('observe', error);
        if (isRescue(phase)) await endure(error);
        else if (!cancelled.aborted) interrupt(reasonOf(error));
        continue;
      }
    }
    if (cancelled.aborted && interrupted === undefined) continue;
    const decision = decide(rollout, phase, { ...seen, ...(interrupted !== undefined && { interrupted }) });
    recorder.decided(decision);
    if (isRescue(decision.phase) && !isRescue(phase)) onInterrupt();
    const { action } = decision;
    say(decision.phase, action, seen, decision.findings);
    const moved = decision.phase.kind !== noted;
    phase = decision.phase;
    if (phase.kind === 'done') {
      if (phase.leftovers) await engine.note(phase);
      recorder.save();
      return phase;
    }
    try {
      if (moved) {
        const note = engine.note(phase).catch((error: unknown) => {
          // A note that fails must not keep a release from being taken back.
          if (error instanceof TakenOver || !isRescue(phase)) throw error;
          recorder.failed('note', error);
        });
        // Taking traffic back waits for nothing, not even for its own note; a promotion is noted before it ends.
        const acting =
          phase.kind === 'rolling-back' ? engine.act(action) : note.then(() => engine.act(action));
        recorder.save();
        await Promise.all([acting, note]);
        noted = phase.kind;
      } else {
        // Whoever follows a rollout from outside finds what the gates said by the time the traffic moves.
        if (action.kind === 'shift') recorder.save();
        await engine.act(action);
      }
      if (action.kind === 'hold') {
        const now = clock.now();
        const next = Math.min(
          engine.nextLook(phase, now),
          action.until ?? Number.POSITIVE_INFINITY,
          isRescue(phase) ? Number.POSITIVE_INFINITY : deadline,
        );
        await clock.sleep(Math.max(0, next - now), isRescue(phase) ? undefined : cancelled);
      } else {
        phase = answered(phase, seen.now, clock.now());
        failures = 0;
        outageSince = undefined;
      }
    } catch (error) {
      if (error instanceof TakenOver) throw error;
      recorder.failed(action.kind, error);
      if (isRescue(phase)) await endure(error);
      else if (!cancelled.aborted) interrupt(reasonOf(error));
    }
  }
}

const reasonOf = (error: unknown): string =>
  `an error inside: ${error instanceof Error ? error.message : String(error)}`;

function stuck(phase: Phase, error: unknown, share: number | undefined): DeployError {
  const message = error instanceof Error ? error.message : String(error);
  const where =
    share === undefined
      ? 'How much of the traffic the canary has could not be read.'
      : share > 0
        ? `The canary has ${share.toFixed(0)}% of the traffic.`
        : 'All traffic is on the stable service; parts of the canary are left.';
  const why = phase.kind === 'rolling-back' || phase.kind === 'cleaning' ? ` (${phase.reason})` : '';
  const next = error instanceof DeployError ? error.next : undefined;
  return new DeployError(`the release could not be taken back${why}: ${message}`, {
    state: where,
    next: `${next === undefined ? '' : `${next} `}Then run the rollback action for this service; it goes on where this run stopped.`,
    cause: error,
  });
}
