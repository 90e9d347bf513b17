/** What of a service's automatic scaling is suspended. */
export interface Suspended {
  readonly scaleIn: boolean;
  readonly scaleOut: boolean;
  readonly schedule: boolean;
}

/** Between which numbers of tasks the scaler keeps a service. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** How a service is scaled automatically at one moment. */
export interface ScalingState extends Bounds {
  readonly suspended: Suspended;
}

/** What the scaler is to be told; what is not named stays. */
export interface ScalingChange extends Partial<Bounds> {
  readonly suspended?: Suspended;
}

/**
 * What a rollout has taken from the scaler, so that whoever ends the rollout can give it back. Tasks are taken away by
 * policies, which is held for the whole rollout, and by a schedule that lowers the maximum, which is held only where
 * such a moment is near: AWS makes up for nothing that a suspended schedule has missed.
 */
export interface ScalingHold {
  /** As it was before; members that an older version did not write down are undefined. */
  readonly before: Partial<Suspended>;
  readonly holdsSchedule: boolean;
  /** When the bounds were looked at, ms; the schedule is held since then, if it is. */
  readonly since?: number;
  readonly bounds?: Bounds;
  /** The bounds that were set since, in place of what the schedule would have set. */
  readonly set: Partial<Bounds>;
  /** Those that were set before: whoever was to set the newer ones may have died over it. */
  readonly setBefore: Partial<Bounds>;
}

/** What a schedule sets at one moment; at least one of them. */
export type Setting = Partial<Bounds>;

export const beginHold = ({ suspended, min, max }: ScalingState, now: number): ScalingHold => ({
  before: suspended,
  holdsSchedule: false,
  since: now,
  bounds: { min, max },
  set: {},
  setBefore: {},
});

/** The same hold, which holds the schedule as well from now on; it was free until then, whatever it was at first. */
export const withSchedule = (hold: ScalingHold, state: ScalingState, now: number): ScalingHold => ({
  ...beginHold(state, now),
  before: { ...hold.before, schedule: false },
  holdsSchedule: true,
});

/** Whether what the hold suspends is suspended. */
export const isInPlace = ({ holdsSchedule }: ScalingHold, { suspended }: ScalingState): boolean =>
  suspended.scaleIn && (suspended.schedule || !holdsSchedule);

/**
 * A hold that was written down, as it is now: perhaps it was never made, or only the part of it that was written down
 * before, or somebody else has ended a part of it. What is in place of it is not what was there before.
 */
export function resumed(hold: ScalingHold, state: ScalingState, now: number): ScalingHold {
  if (isInPlace(hold, state)) return hold;
  const { suspended } = state;
  if (suspended.scaleIn) return { ...beginHold(state, now), before: { ...hold.before, schedule: false } };
  const isScheduleHeld = hold.holdsSchedule && suspended.schedule;
  return isScheduleHeld ? { ...hold, before: { ...hold.before, scaleIn: false } } : beginHold(state, now);
}

/** What scheduled actions leave of the bounds, one after the other. AWS refuses those that would turn them round. */
export function apply(bounds: Bounds, settings: readonly Setting[]): Bounds {
  return settings.reduce<Bounds>((before, { min = before.min, max = before.max }) => {
    return min > max ? before : { min, max };
  }, bounds);
}

/**
 * What has to be set so that the service has, in the middle of a rollout, what its schedule wants it to have: more
 * than now, never less.
 *
 * @param due what the schedule would have left by now
 */
export function raiseTo(due: Bounds, now: Bounds): Partial<Bounds> {
  const max = Math.max(due.max, due.min, now.max);
  return {
    ...(due.min > now.min && { min: due.min }),
    ...(max > now.max && { max }),
  };
}

/** The same hold, which is about to set these bounds. */
export function withRaise(hold: ScalingHold, raise: Partial<Bounds>, now: Bounds): ScalingHold {
  const { set, setBefore } = hold;
  const isOurs = (which: 'min' | 'max') =>
    raise[which] !== undefined && [set[which], setBefore[which]].includes(now[which]);
  return {
    ...hold,
    set: { ...set, ...raise },
    setBefore: {
      ...setBefore,
      ...(isOurs('min') && { min: now.min }),
      ...(isOurs('max') && { max: now.max }),
    },
  };
}

/** What a service's scaler is to be told at the end of a rollout, and what there is to be said of it. */
export interface Release {
  /** Absent where nothing of the hold is left. */
  readonly change?: ScalingChange;
  readonly said: readonly string[];
}

/**
 * Gives back what a hold has taken: only what is still as the hold has set it, since everything else is what somebody
 * has decided meanwhile. What the schedule has missed is made up for in the same call that lets the schedule go, so it
 * is made up for once, whoever is asked to release and how often.
 *
 * @param due what the schedule would have left of the bounds by now; undefined where that is not known
 */
export function releaseOf(hold: ScalingHold, now: ScalingState, due: Bounds | undefined): Release {
  const { before, holdsSchedule, bounds, set, setBefore } = hold;
  const said: string[] = [];
  const scaleIn = now.suspended.scaleIn && (before.scaleIn ?? false);
  const scheduleIsHeld = holdsSchedule && now.suspended.schedule;
  const schedule = now.suspended.schedule && (!holdsSchedule || before.schedule !== false);
  const ours = before.scaleIn !== true;
  if (ours && !now.suspended.scaleIn) {
    said.push('Somebody else has ended the hold of its scale-in meanwhile.');
  }
  if (holdsSchedule && before.schedule === false && !now.suspended.schedule) {
    said.push('Somebody else has ended the hold of its schedule meanwhile; its bounds stay as they are.');
  }
  const suspended = { ...now.suspended, scaleIn, schedule };
  const moved = scaleIn !== now.suspended.scaleIn || schedule !== now.suspended.schedule;
  const wanted =
    scheduleIsHeld && bounds && due
      ? settle({ ours: [bounds, set, setBefore], now, due }, (text) => said.push(text))
      : {};
  if (!moved && Object.keys(wanted).length === 0) return { said };
  return { change: { suspended, ...wanted }, said };
}

/** The bounds that differ from what they are to be, without those that somebody else has changed. */
function settle(
  { ours, now, due }: { ours: readonly Partial<Bounds>[]; now: ScalingState; due: Bounds },
  say: (text: string) => void,
): Partial<Bounds> {
  const end = (which: 'min' | 'max', name: string): number => {
    if (ours.some((bounds) => bounds[which] === now[which])) return due[which];
    if (now[which] !== due[which]) {
      say(`Somebody else has set its ${name} to ${now[which]} tasks meanwhile, which stays.`);
    }
    return now[which];
  };
  const max = end('max', 'maximum');
  const min = Math.min(end('min', 'minimum'), max);
  return { ...(min !== now.min && { min }), ...(max !== now.max && { max }) };
}

/** The words of a hold's text, which has to fit in a tag. */
const SUSPENDED = {
  'scale-in-suspended': 'scaleIn',
  'scale-out-suspended': 'scaleOut',
  'schedule-suspended': 'schedule',
} as const satisfies Readonly<Record<string, keyof Suspended>>;

export function encodeHold({ before, holdsSchedule, since, bounds, set, setBefore }: ScalingHold): string {
  const words: Record<string, string | number | boolean | undefined> = {
    ...Object.fromEntries(Object.entries(SUSPENDED).map(([word, member]) => [word, before[member]])),
    since: since === undefined ? undefined : new Date(since).toISOString(),
    'schedule-held': since === undefined ? undefined : holdsSchedule,
    min: bounds?.min,
    max: bounds?.max,
    'set-min': set.min,
    'set-max': set.max,
    'set-min-before': setBefore.min,
    'set-max-before': setBefore.max,
  };
  return Object.entries(words)
    .flatMap(([word, value]) => (value === undefined ? [] : [`${word}=${value}`]))
    .join(' ');
}

/** Reads what any version has written: the first ones held the schedule always, and knew nothing of bounds. */
export function decodeHold(text: string): ScalingHold {
  const words = new Map(text.split(' ').map((entry) => entry.split('=') as [string, string]));
  const before = Object.fromEntries(
    Object.entries(SUSPENDED).flatMap(([word, member]) => {
      const value = words.get(word);
      return value === undefined ? [] : [[member, value === 'true']];
    }),
  ) as Partial<Suspended>;
  const number = (word: string): number | undefined => {
    const value = words.get(word);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const since = Date.parse(words.get('since') ?? '');
  if (Number.isNaN(since))
    return { before, holdsSchedule: before.schedule === false, set: {}, setBefore: {} };
  const [min, max, setMin, setMax] = ['min', 'max', 'set-min', 'set-max'].map(number);
  const [minBefore, maxBefore] = ['set-min-before', 'set-max-before'].map(number);
  return {
    before,
    since,
    holdsSchedule: words.get('schedule-held') === 'true',
    ...(min !== undefined && max !== undefined && { bounds: { min, max } }),
    set: { ...(setMin !== undefined && { min: setMin }), ...(setMax !== undefined && { max: setMax }) },
    setBefore: {
      ...(minBefore !== undefined && { min: minBefore }),
      ...(maxBefore !== undefined && { max: maxBefore }),
    },
  };
}
