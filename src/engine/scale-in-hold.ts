import type { Clock } from '../clock.ts';
import { DeployError } from '../errors.ts';
import type { Scaling, ScheduledScaling } from '../ports.ts';
import type { Observation } from '../rollout/controller.ts';
import {
  apply,
  type Bounds,
  beginHold,
  decodeHold,
  encodeHold,
  isInPlace,
  raiseTo,
  releaseOf,
  resumed,
  type ScalingHold,
  type ScalingState,
  withRaise,
  withSchedule,
} from '../rollout/scaling-hold.ts';
import type { Site } from './site.ts';

const MINUTE = 60_000;
/** A schedule that takes tasks away is held this long before: whoever drives the rollout may die meanwhile. */
const AHEAD_MS = 60 * MINUTE;
/** AWS may be this late with a scheduled action: one that is due just before the hold counts as missed. */
const LATENESS_MS = MINUTE;
/** How soon a failed try to follow the schedule is repeated. */
const AGAIN_MS = MINUTE;

type Occurrences = typeof import('../schedule/occurrences.ts');

/** What of a site says how its service is scaled. */
export type Scaled = Pick<Site, 'stable' | 'scaling' | 'scalingUnknown'>;

/**
 * Keeps the autoscaler from taking tasks from stable while a rollout may need them, and gives it back as a world
 * without the rollout would have it.
 */
export class ScaleInHold {
  readonly #scaling: Scaling;
  readonly #clock: Clock;
  readonly #cluster: string;
  readonly #service: string;
  readonly #write: (text: string) => Promise<void>;
  readonly #warn: (message: string) => void;
  readonly #found: ScalingState | undefined;
  #hold: ScalingHold | undefined;
  #state: 'none' | 'free' | 'maybe-held' | 'held';
  /** Scheduled actions, once they were looked at; `unknown` where that is not allowed. */
  #schedule: readonly ScheduledScaling[] | 'unknown' = [];
  #occurrences: Occurrences | undefined;
  #behind = false;
  /** The bounds that were last seen or set. */
  #known: Bounds | undefined;
  /** Whether the hold has been seen in place. */
  #sure = false;
  #notBefore = 0;
  /** Whether the last try may have left less in place than is written down. */
  #failed = false;

  /**
   * @param text what the ledger holds of an earlier run's hold
   * @param write keeps such a text in the ledger; an empty one clears it
   */
  constructor(
    scaling: Scaling,
    clock: Clock,
    { stable, scaling: found, scalingUnknown }: Scaled,
    text: string | undefined,
    write: (text: string) => Promise<void>,
    warn: (message: string) => void,
  ) {
    this.#scaling = scaling;
    this.#clock = clock;
    this.#cluster = stable.cluster;
    this.#service = stable.name;
    this.#write = write;
    this.#warn = warn;
    this.#found = found;
    this.#hold = text === undefined ? undefined : decodeHold(text);
    // The text is written before the call that it speaks of. Where the scaler cannot be asked, it may be held as well.
    const held = this.#hold !== undefined && (found !== undefined || scalingUnknown !== undefined);
    this.#state = held ? 'maybe-held' : found === undefined ? 'none' : 'free';
  }

  get state(): Observation['scaling'] {
    return this.#state === 'held' && this.#behind ? 'behind' : this.#state;
  }

  /** The scaler's bounds as its schedule has them now; `undefined` where there is no scaler. */
  get bounds(): Bounds | undefined {
    return this.#due(this.#clock.now()) ?? this.#found;
  }

  /**
   * Thinks of what the schedule does; makes no call.
   *
   * @param needed tasks that stable must keep
   */
  look(needed: number): void {
    const now = this.#clock.now();
    const hold = this.#hold;
    if (this.#state !== 'held' || !hold || now < this.#notBefore) {
      this.#behind = false;
      return;
    }
    const due = hold.holdsSchedule ? this.#due(now) : undefined;
    const raises = due && this.#known ? Object.keys(raiseTo(due, this.#known)).length > 0 : false;
    this.#behind =
      this.#failed ||
      raises ||
      (!hold.holdsSchedule && hold.before.schedule === false && this.#threatens(needed, now));
  }

  /**
   * Holds scale-in, and the schedule where it is about to take tasks away; where it is held already, follows it.
   *
   * @param needed tasks that stable must keep
   */
  async hold(needed: number): Promise<void> {
    try {
      await this.#holdNow(needed);
    } catch (error) {
      if (!this.#sure || !(error instanceof Error) || error.name === 'AbortError') throw error;
      // What the schedule would give is worth a warning; a release is not taken back for it.
      this.#state = 'held';
      this.#behind = false;
      this.#failed = true;
      this.#notBefore = this.#clock.now() + AGAIN_MS;
      this.#warn(`The autoscaler could not be told what its schedule asks for: ${error.message}`);
    }
  }

  async #holdNow(needed: number): Promise<void> {
    const target = await this.#scaling.find(this.#cluster, this.#service);
    if (!target) {
      this.#state = 'none';
      return;
    }
    const now = this.#clock.now();
    const first = this.#state !== 'held';
    let hold = this.#hold ?? beginHold(target, now);
    this.#sure ||= this.#hold !== undefined && (!first || isInPlace(hold, target));
    // What was written down, but not done, is begun anew.
    if (first || this.#failed) hold = resumed(hold, target, now);
    if (first) await this.#lookAtSchedule(target, hold);
    const free = !target.suspended.schedule && !hold.holdsSchedule;
    if (free && this.#threatens(needed, now)) hold = withSchedule(hold, target, now);
    const raised = hold.holdsSchedule && hold.bounds ? raiseTo(this.#due(now, hold) ?? target, target) : {};
    hold = withRaise(hold, raised, target);
    const suspended = {
      ...target.suspended,
      // Whoever has ended the hold meanwhile has decided so.
      scaleIn: first || target.suspended.scaleIn,
      schedule: target.suspended.schedule || (hold.holdsSchedule && (first || free)),
    };
    this.#hold = hold;
    // The settings are written down first: whoever finds them can put them back.
    await this.#write(encodeHold(hold));
    this.#state = 'maybe-held';
    const moved =
      suspended.scaleIn !== target.suspended.scaleIn || suspended.schedule !== target.suspended.schedule;
    if (moved || Object.keys(raised).length > 0) {
      await this.#scaling.set(this.#cluster, this.#service, { suspended, ...raised });
    }
    this.#known = { min: target.min, max: target.max, ...raised };
    this.#state = 'held';
    this.#sure = true;
    this.#failed = false;
    this.#behind = false;
  }

  /** Gives the scaler back. Safe to repeat, also by another run. */
  async release(): Promise<void> {
    const hold = this.#hold;
    const target = hold && (await this.#scaling.find(this.#cluster, this.#service));
    if (hold && target) {
      if (hold.holdsSchedule && target.suspended.schedule) await this.#lookAtSchedule(target, hold);
      const { change, said } = releaseOf(hold, target, this.#due(this.#clock.now()));
      for (const text of said) this.#warn(`The autoscaler of ${this.#service}: ${text}`);
      if (change) await this.#scaling.set(this.#cluster, this.#service, change);
    }
    await this.#write('');
    this.#hold = undefined;
    this.#state = 'free';
  }

  async #lookAtSchedule(target: ScalingState, hold: ScalingHold): Promise<void> {
    // A schedule that its owner has suspended does nothing.
    if (target.suspended.schedule && !hold.holdsSchedule) return;
    try {
      this.#schedule = await this.#scaling.schedule(this.#cluster, this.#service);
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      if (this.#schedule !== 'unknown') {
        this.#warn(
          `Scheduled scaling is suspended during the rollout, and what it misses is not made up for: ${error.message}`,
        );
      }
      this.#schedule = 'unknown';
      return;
    }
    if (this.#schedule.length === 0) return;
    this.#occurrences ??= await import('../schedule/occurrences.ts');
    const { isUnderstood } = this.#occurrences;
    for (const { name, schedule } of this.#schedule.filter((action) => !isUnderstood(action))) {
      this.#warn(
        `The scheduled action ${name} is not understood (${schedule}): what it misses is not made up for.`,
      );
    }
  }

  /** Whether the schedule may soon take tasks away that stable needs. */
  #threatens(needed: number, now: number): boolean {
    if (this.#schedule === 'unknown') return true;
    return this.#schedule.some((action) => {
      if (action.max === undefined || action.max >= needed) return false;
      const { isUnderstood, firstDue } = this.#occurrences ?? {};
      if (!isUnderstood?.(action)) return true;
      return firstDue?.(action, now - LATENESS_MS, now + AHEAD_MS) !== undefined;
    });
  }

  /** What the schedule leaves of the bounds by now, whether AWS carries it out or not. */
  #due(now: number, hold = this.#hold): Bounds | undefined {
    if (hold?.bounds === undefined || hold.since === undefined || this.#schedule === 'unknown')
      return undefined;
    const since = hold.since - LATENESS_MS;
    const missed = this.#schedule
      .flatMap((action) => {
        const at = this.#occurrences?.lastDue(action, since, now);
        return at === undefined ? [] : [{ at, action }];
      })
      .sort((one, other) => one.at - other.at);
    return apply(
      hold.bounds,
      missed.map(({ action }) => action),
    );
  }
}
