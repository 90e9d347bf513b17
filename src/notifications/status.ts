/** How a deploy stands. Results of jobs and outcomes of steps and of canary are among them. */
export const STATUSES = [
  'started',
  'success',
  'promoted',
  'failure',
  'rolled-back',
  'cancelled',
  'skipped',
] as const;

export type Status = (typeof STATUSES)[number];

/** Outcomes of the other actions, which deploy.yml hands on as well, and how the deploy stands by them. */
const OUTCOMES = {
  passed: 'success',
  deployed: 'success',
  unchanged: 'success',
  failed: 'failure',
  'rollback-failed': 'failure',
  superseded: 'failure',
} as const satisfies Readonly<Record<string, Status>>;

type Outcome = keyof typeof OUTCOMES;

/** All that is understood: a status itself, or an outcome. */
export const STATUS_WORDS: readonly (Status | Outcome)[] = [
  ...STATUSES,
  ...(Object.keys(OUTCOMES) as Outcome[]),
];

/** How a deploy stands by a word of that list. */
export const statusOf = (word: Status | Outcome): Status =>
  word in OUTCOMES ? OUTCOMES[word as Outcome] : (word as Status);

interface Look {
  readonly emoji: string;
  /** The styles of containers in Adaptive Cards: https://adaptivecards.io/explorer/Container.html */
  readonly style: 'accent' | 'good' | 'attention' | 'warning' | 'default';
}

export const LOOKS: Readonly<Record<Status, Look>> = {
  started: { emoji: '🚀', style: 'accent' },
  success: { emoji: '✅', style: 'good' },
  promoted: { emoji: '✅', style: 'good' },
  failure: { emoji: '❌', style: 'attention' },
  'rolled-back': { emoji: '↩️', style: 'warning' },
  cancelled: { emoji: '🛑', style: 'warning' },
  skipped: { emoji: '⏭️', style: 'default' },
};

/** What came of a part in one sign; a word of the user's own has a neutral one. */
export const signOf = (result: string): string => SIGNS[result] ?? '▫️';

const SIGNS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(LOOKS).map(([status, { emoji }]) => [status, emoji])),
  failed: '❌',
  passed: '✅',
};

/** What a deploy is of, as far as it is known. */
export interface Subject {
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly environment: string | undefined;
  /** `OWNER/NAME`, for where no service is named. */
  readonly repository: string | undefined;
}

/** The headline where the user gives none: `web v1.4.0 was rolled back in production`. */
export function headlineOf(status: Status, { service, version, environment, repository }: Subject): string {
  const name = service ?? repository?.split('/').at(-1) ?? 'The service';
  // A revision of the service's own family names it already.
  const named = version?.startsWith(`${name}:`);
  const what = [named ? [] : name, version === undefined ? [] : shortened(version)].flat().join(' ');
  const [to, at] = environment === undefined ? ['', ''] : [` to ${environment}`, ` in ${environment}`];
  switch (status) {
    case 'started':
      return `${what} is being deployed${to}`;
    case 'success':
      return `${what} was deployed${to}`;
    case 'promoted':
      return `${what} was released${at}`;
    case 'rolled-back':
      return `${what} was rolled back${at}`;
    case 'failure':
      return `The deploy of ${what}${to} failed`;
    case 'cancelled':
      return `The deploy of ${what}${to} was cancelled`;
    case 'skipped':
      return `The deploy of ${what}${to} was skipped`;
  }
}

/** A digest in its first twelve digits, as Docker shows it. */
const shortened = (version: string): string =>
  version
    .replace(/(?<=\bsha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, '')
    .replace(/^[0-9a-f]{40}$/, (sha) => sha.slice(0, 7));
