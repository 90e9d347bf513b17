import type { Outcome, Phase } from './controller.ts';

/**
 * What must survive a dead runner, kept as tags on the canary's target groups: they are the first thing a rollout
 * makes and the last it removes.
 */
export interface Ledger {
  readonly rolloutId: string;
  /** `cluster/service` that is being released. */
  readonly service: string;
  /** Who drives the rollout: the URL of the workflow run. */
  readonly holder: string;
  /** Until when the holder has to be believed alive, ms since the epoch. */
  readonly leaseUntil: number;
  readonly from: string;
  readonly to: string;
  readonly phase: Phase['kind'];
  /** The share that was last asked for, in percent. */
  readonly weight: number;
  /** Stable's desired tasks when the rollout began. */
  readonly initialTasks: number;
  readonly outcome?: Outcome;
  readonly reason?: string;
  /** The autoscaler's settings to put back, when scale-in of stable is held. */
  readonly scaling?: string;
}

export type Tags = Readonly<Record<string, string>>;

const PREFIX = 'deploy-actions:';
/** AWS takes at most 256 characters for a tag's value; longer ones go on in further tags. */
const VALUE_LENGTH = 256;

/** More than this of a reason or a setting is cut off: a resource has 50 tags at most, and the user's are among them. */
const TEXT_LENGTH = 4 * VALUE_LENGTH;

/**
 * Tags take letters, digits, blanks and + - = . _ : / @ only; everything else becomes a dash. So do letters beyond the
 * basic plane: two units of UTF-16 each, they could be cut in half where a value goes on in the next tag.
 */
const allowed = (text: string): string =>
  text.replace(/[^\p{L}\p{N} +\-=._:/@]|[\u{10000}-\u{10ffff}]/gu, '-');

/** The tags of some or all fields of a ledger. An empty text clears a field. */
export function toTags(fields: Partial<Ledger>): Tags {
  const tags: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text =
      field === 'leaseUntil'
        ? new Date(value as number).toISOString()
        : allowed(String(value)).slice(0, TEXT_LENGTH);
    // A value that fills its tags to the brim is followed by an empty one: a longer one before it may have left more.
    const parts = Math.min(Math.floor(text.length / VALUE_LENGTH) + 1, TEXT_LENGTH / VALUE_LENGTH);
    for (let part = 0; part < parts; part++) {
      const key = `${PREFIX}${field}${part === 0 ? '' : `:${part + 1}`}`;
      tags[key] = text.slice(part * VALUE_LENGTH, (part + 1) * VALUE_LENGTH);
    }
  }
  return tags;
}

/** Reads a ledger from tags; `undefined` where there is none, or none that can be understood. */
export function fromTags(tags: Tags): Ledger | undefined {
  const text = (field: keyof Ledger): string => {
    let value = tags[PREFIX + field] ?? '';
    for (let part = 2; value.length === (part - 1) * VALUE_LENGTH && value.length < TEXT_LENGTH; part++) {
      value += tags[`${PREFIX}${field}:${part}`] ?? '';
    }
    return value;
  };
  const rolloutId = text('rolloutId');
  const phase = PHASES.find((kind) => kind === text('phase'));
  if (rolloutId === '' || phase === undefined) return undefined;
  const outcome = (['promoted', 'rolled-back'] as const).find((known) => known === text('outcome'));
  const [reason, scaling] = [text('reason'), text('scaling')];
  return {
    rolloutId,
    phase,
    service: text('service'),
    holder: text('holder'),
    leaseUntil: Date.parse(text('leaseUntil')) || 0,
    from: text('from'),
    to: text('to'),
    weight: Number(text('weight')) || 0,
    initialTasks: Number(text('initialTasks')) || 1,
    ...(outcome && { outcome }),
    ...(reason !== '' && { reason }),
    ...(scaling !== '' && { scaling }),
  };
}

const PHASES: readonly Phase['kind'][] = [
  'preparing',
  'stepping',
  'promoting',
  'rolling-back',
  'cleaning',
  'done',
];

/**
 * Where a rollout goes on whose runner has died.
 *
 * @param share percent of the traffic that the canary has now
 * @param target the task definition that the present run wants; another one than the ledger's ends the old rollout
 */
export function resume(
  ledger: Ledger,
  weights: readonly number[],
  share: number,
  target: string | undefined,
  now: number,
): Phase {
  // A canary that was to have all the traffic may have been on its way into stable; that need not show yet.
  const back = (reason: string): Phase => ({
    kind: 'rolling-back',
    reason,
    since: now,
    ...(ledger.weight === 100 && { touchedAt: now }),
  });
  const reason = ledger.reason ?? 'its run ended before it had finished';
  switch (ledger.phase) {
    case 'rolling-back':
      return back(reason);
    case 'cleaning':
    case 'done':
      // Left on the canary because stable had no healthy task: cleaning alone would send it there unseen.
      if (share > 0 && ledger.outcome !== 'promoted') return back(reason);
      return { kind: 'cleaning', outcome: ledger.outcome ?? 'rolled-back', reason, since: now };
    default: {
      if (ledger.to !== target) return back(reason);
      if (ledger.phase === 'promoting') return { kind: 'promoting', since: now };
      // Weight was given and is gone: the run died while it took the release back.
      if (ledger.weight > 0 && share === 0) return back(reason);
      // What was asked for, not what weights made of it: 5.9% where 5% was asked for is not yet the next step.
      const step = weights.findIndex((weight) => weight >= (ledger.weight > 0 ? ledger.weight : share));
      return { kind: 'preparing', startAt: Math.max(0, step) };
    }
  }
}

/**
 * The weights of a forward action before the rollout, short enough for one tag of its listener rule: the ids that
 * end the target groups' ARNs with their weights, and the stickiness of the action.
 */
export interface OriginalAction {
  readonly groups: readonly { readonly arn: string; readonly weight: number }[];
  readonly stickinessSeconds: StickinessSeconds;
}

/**
 * How long a client stays with its target group; `undefined` where stickiness is off. AWS keeps a duration beside a
 * stickiness that is off, too, where somebody gave one (Terraform does): `{ off }`.
 */
export type StickinessSeconds = number | { readonly off: number } | undefined;

export const ORIGINAL_TAG = `${PREFIX}original`;
export const ROLLOUT_TAG = `${PREFIX}rolloutId`;

const groupId = (arn: string): string => arn.split('/').at(-1) ?? arn;

export function encodeOriginal({ groups, stickinessSeconds }: OriginalAction): string {
  const weights = groups.map(({ arn, weight }) => `${groupId(arn)}=${weight}`);
  return [...weights, ...encodeStickiness(stickinessSeconds)].join(' ');
}

function encodeStickiness(seconds: StickinessSeconds): string[] {
  if (seconds === undefined) return [];
  return [typeof seconds === 'number' ? `sticky=${seconds}` : `not-sticky=${seconds.off}`];
}

/** @param known ARNs of the target groups that the action forwards to now; others cannot be put back */
export function decodeOriginal(text: string, known: readonly string[]): OriginalAction {
  const entries = text
    .split(' ')
    .filter((entry) => entry !== '')
    .map((entry) => entry.split('=') as [string, string]);
  const sticky = entries.find(([key]) => key === 'sticky')?.[1];
  const off = entries.find(([key]) => key === 'not-sticky')?.[1];
  return {
    groups: entries.flatMap(([key, weight]) => {
      const arn = known.find((candidate) => groupId(candidate) === key);
      return arn === undefined ? [] : [{ arn, weight: Number(weight) }];
    }),
    stickinessSeconds:
      sticky !== undefined ? Number(sticky) : off !== undefined ? { off: Number(off) } : undefined,
  };
}
