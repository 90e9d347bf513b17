import type { Clock } from '../../clock.ts';
import type { Kernel } from '../world/kernel.ts';
import { StaleViews } from '../world/stale-views.ts';
import {
  alreadyExists,
  breaks,
  invalid,
  labelHoldsVersion,
  notFound,
  tooManyUpdates,
  typeMismatch,
  versionNotFound,
} from './errors.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';
export type ParameterTier = 'Standard' | 'Advanced';

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html */
const KEPT_VERSIONS = 100;
/** How long an update takes, in ms. */
const UPDATE_MS = 20;
const MOST_LEVELS = 15;
const MOST_CHARACTERS: Readonly<Record<ParameterTier, number>> = { Standard: 4096, Advanced: 8192 };

export interface Version {
  readonly version: number;
  readonly value: string;
  readonly type: ParameterType;
  readonly tier: ParameterTier;
  readonly at: number;
  readonly by: string;
  readonly description?: string;
  readonly labels: readonly string[];
}

/** Oldest first, at least one. */
export type History = readonly Version[];

export interface NewVersion {
  readonly value: string;
  readonly type?: ParameterType;
  readonly tier?: ParameterTier | 'Intelligent-Tiering';
  readonly description?: string;
  readonly overwrite: boolean;
  readonly by: string;
  /** When it was written, in ms; now if not given. */
  readonly at?: number;
}

/** The parameters of the account in its region. Reads through `read` and `all` lag behind writes. */
export class ParameterStore {
  readonly kernel: Kernel;
  readonly #parameters = new Map<string, History>();
  readonly #views: StaleViews<History>;
  /** Parameters that are being written at this moment: AWS makes one update of each at a time. */
  readonly #busy = new Set<string>();

  readonly #clock: Clock;

  constructor(kernel: Kernel, clock: Clock) {
    this.kernel = kernel;
    this.#clock = clock;
    this.#views = new StaleViews(kernel);
  }

  arn(name: string): string {
    return this.kernel.arn('ssm', `parameter/${name.replace(/^\//, '')}`);
  }

  /** What a read shows now. */
  read(name: string): History | undefined {
    return this.#views.read(name, this.#parameters.get(name));
  }

  exists(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** Every parameter that a read shows, by name. */
  all(): readonly (readonly [name: string, history: History])[] {
    const ghosts = this.#views.ghosts((name) => this.#parameters.has(name));
    return [...this.#parameters.keys(), ...ghosts].sort().flatMap((name) => {
      const history = this.read(name);
      return history ? [[name, history] as const] : [];
    });
  }

  /**
   * `name`, `name:3` or `name:label`; or the parameter's ARN in place of its name.
   *
   * @throws AwsError when there is no such parameter or version
   */
  find(reference: string): { name: string; version: Version; selector: string } {
    const start = this.arn('');
    const local = reference.startsWith(start) ? reference.slice(start.length) : reference;
    const [given = '', selector] = local.split(':');
    // An ARN does not tell whether the name begins with a slash: one of a path does.
    const name = local === reference || this.exists(given) ? given : `/${given}`;
    const history = this.read(name);
    if (!history) throw notFound();
    const version =
      selector === undefined
        ? history.at(-1)
        : history.find((each) => String(each.version) === selector || each.labels.includes(selector));
    if (!version) throw versionNotFound(name, selector ?? '');
    return { name, version, selector: selector === undefined ? '' : `:${selector}` };
  }

  /** Writes a version at once. */
  put(name: string, wanted: NewVersion): Version {
    requireName(name);
    const before = this.#parameters.get(name) ?? [];
    const last = before.at(-1);
    if (last && !wanted.overwrite) throw alreadyExists();
    const type = wanted.type ?? last?.type;
    if (!type) throw invalid('A parameter type is required when you create a parameter.');
    if (last && type !== last.type) {
      throw typeMismatch();
    }
    const tier = tierOf(wanted, last?.tier);
    requireValue(wanted.value, tier);
    const [oldest] = before;
    const full = before.length >= KEPT_VERSIONS;
    if (full && oldest && oldest.labels.length > 0) throw labelHoldsVersion(name, oldest.version);
    const description = wanted.description ?? last?.description;
    const added: Version = {
      version: (last?.version ?? 0) + 1,
      value: wanted.value,
      type,
      tier,
      at: wanted.at ?? this.kernel.events.now,
      by: wanted.by,
      ...(description !== undefined && { description }),
      labels: [],
    };
    this.#write(name, [...(full ? before.slice(1) : before), added]);
    return added;
  }

  /** As `put`, and takes its time: a second update of the parameter meanwhile is refused. */
  async update(name: string, wanted: NewVersion): Promise<Version> {
    if (this.#busy.has(name)) throw tooManyUpdates();
    this.#busy.add(name);
    try {
      await this.#clock.sleep(UPDATE_MS);
      return this.put(name, wanted);
    } finally {
      this.#busy.delete(name);
    }
  }

  /** Moves labels to a version. */
  label(name: string, version: number | undefined, labels: readonly string[]): number {
    const history = this.#parameters.get(name);
    if (!history) throw notFound();
    const number = version ?? history.at(-1)?.version ?? 0;
    if (!history.some((each) => each.version === number)) throw versionNotFound(name, String(number));
    const others = (each: Version) => each.labels.filter((label) => !labels.includes(label));
    this.#write(
      name,
      history.map((each) => ({
        ...each,
        labels: each.version === number ? [...others(each), ...labels] : others(each),
      })),
    );
    return number;
  }

  delete(name: string): void {
    if (!this.#parameters.has(name)) throw notFound();
    this.#views.remember(name, this.#parameters.get(name));
    this.#parameters.delete(name);
  }

  #write(name: string, history: History): void {
    this.#views.remember(name, this.#parameters.get(name));
    this.#parameters.set(name, history);
  }
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html */
function requireName(name: string): void {
  if (!/^\/?[\w.-]+(\/[\w.-]+)*$/.test(name) || (name.includes('/') && !name.startsWith('/'))) {
    throw invalid(
      'Parameter name must be a fully qualified name: only a mix of letters, numbers and the following 3 symbols .-_ and /, which a hierarchy begins with.',
    );
  }
  if (/^\/?(aws|ssm)/i.test(name)) {
    throw invalid('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
  }
  if (name.split('/').length - 1 > MOST_LEVELS) {
    throw invalid(`A hierarchy can have a maximum of ${MOST_LEVELS} levels.`);
  }
}

function requireValue(value: string, tier: ParameterTier): void {
  if (value === '') {
    throw breaks('value', value, 'Member must have length greater than or equal to 1');
  }
  if (/\{\{.*\}\}/s.test(value)) {
    throw invalid('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
  }
  if (value.length <= MOST_CHARACTERS[tier]) return;
  throw invalid(
    tier === 'Standard'
      ? 'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
      : 'Advanced tier parameters support a maximum parameter value of 8192 characters.',
  );
}

function tierOf({ tier, value }: NewVersion, before: ParameterTier | undefined): ParameterTier {
  if (tier === 'Standard' && before === 'Advanced') {
    throw invalid(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  }
  const intelligent = value.length > MOST_CHARACTERS.Standard ? 'Advanced' : (before ?? 'Standard');
  return tier === 'Intelligent-Tiering' ? intelligent : (tier ?? before ?? 'Standard');
}
