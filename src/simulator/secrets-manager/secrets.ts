import { randomOf } from '../random.ts';
import { uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import { StaleViews } from '../world/stale-views.ts';
import { noRotation, notFound, rotationUnderWay, valueNotFound, versionExists } from './errors.ts';
import type { ScenarioSecret, ScenarioSecrets, SecretRecord, SecretVersion } from './model.ts';

const DAY = 86_400_000;

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const PENDING = 'AWSPENDING';

/** A value as a call brings it. */
export interface NewValue {
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

/** The secrets of the account. Reads through `find` lag behind writes. */
export class Secrets {
  readonly kernel: Kernel;
  readonly #secrets = new Map<string, SecretRecord>();
  readonly #views: StaleViews<SecretRecord>;

  constructor(kernel: Kernel, scenario: ScenarioSecrets, start: number) {
    this.kernel = kernel;
    this.#views = new StaleViews(kernel);
    for (const [name, secret] of Object.entries(scenario)) {
      const record = settled(kernel, name, secret, start);
      this.#secrets.set(record.arn, record);
    }
  }

  /**
   * @param id its ARN, with or without the six characters at its end, or its name
   * @throws AwsError when there is none in that region
   */
  find(id: string, region: string): SecretRecord {
    const actual = this.truly(id, region);
    const seen = this.#views.read(actual.arn, actual);
    if (seen === undefined) throw notFound();
    return seen;
  }

  /** The same as it is, whatever reads show: what writes go by. */
  truly(id: string, region: string): SecretRecord {
    const here = [...this.#secrets.values()].filter((each) => each.region === region);
    const found = here.find(({ arn, name }) => id === arn || id === name || id === arn.slice(0, -7));
    if (!found) throw notFound();
    return found;
  }

  /**
   * @throws AwsError when the secret has no such value
   */
  value(secret: SecretRecord, { version, stage }: { version?: string; stage?: string }): SecretVersion {
    const wanted = stage ?? (version === undefined ? CURRENT : undefined);
    const found = secret.versions.find(
      ({ id, stages }) =>
        (version === undefined || id === version) && (wanted === undefined || stages.includes(wanted)),
    );
    if (found) return found;
    throw valueNotFound(version === undefined ? `staging label: ${wanted}` : `VersionId: ${version}`);
  }

  /** Adds a version, which takes its labels from those that have them. */
  put(secret: SecretRecord, id: string, value: NewValue, stages: readonly string[]): SecretVersion {
    const known = secret.versions.find((each) => each.id === id);
    if (known && !isSame(known, value)) throw versionExists();
    if (known) return known;
    const now = this.kernel.events.now;
    const added: SecretVersion = { id, text: value.text, bytes: value.bytes, stages: [], createdAt: now };
    const labelled = stages.reduce<readonly SecretVersion[]>(
      (versions, stage) => moved(versions, stage, id),
      [...secret.versions, added],
    );
    this.#write({ ...secret, versions: labelled, changedAt: now });
    return { ...added, stages };
  }

  /** Moves a label to a version, or takes it away. */
  label(secret: SecretRecord, stage: string, to: string | undefined): void {
    if (to !== undefined && !secret.versions.some(({ id }) => id === to))
      throw valueNotFound(`VersionId: ${to}`);
    const changedAt = this.kernel.events.now;
    this.#write({ ...secret, versions: moved(secret.versions, stage, to), changedAt });
  }

  /** Begins a rotation, which ends by itself. */
  rotate(secret: SecretRecord, id: string): void {
    const { rotationTime } = secret;
    if (rotationTime === undefined) throw noRotation();
    if (secret.versions.some(({ stages }) => isPending(stages))) throw rotationUnderWay();
    const { text = '' } = this.value(secret, {});
    this.put(secret, id, { text: rotated(text, id) }, [PENDING]);
    const { events } = this.kernel;
    events.at(events.now + rotationTime, () => {
      const record = this.#secrets.get(secret.arn);
      if (!record || record.deletedAt !== undefined) return;
      const versions = moved(record.versions, CURRENT, id);
      this.#write({ ...record, versions, changedAt: events.now, rotatedAt: events.now });
    });
  }

  /** Orders the deletion of a secret, or takes the order back. */
  order(secret: SecretRecord, deletedAt: number | undefined): void {
    this.#write({ ...secret, deletedAt });
  }

  /** Deletes a secret at once. */
  drop(secret: SecretRecord): void {
    this.#views.remember(secret.arn, secret);
    this.#secrets.delete(secret.arn);
  }

  /** The tags of a secret; undefined when there is none. */
  tagsOf(arn: string): ReadonlyMap<string, string> | undefined {
    const found =
      this.#secrets.get(arn) ?? [...this.#secrets.values()].find((each) => each.arn.slice(0, -7) === arn);
    return found && new Map(Object.entries(found.tags));
  }

  #write(record: SecretRecord): void {
    this.#views.remember(record.arn, this.#secrets.get(record.arn));
    this.#secrets.set(record.arn, record);
  }
}

const isPending = (stages: readonly string[]): boolean =>
  stages.includes(PENDING) && !stages.includes(CURRENT);

const isSame = (version: SecretVersion, { text, bytes }: NewValue): boolean =>
  version.text === text && Buffer.from(version.bytes ?? []).equals(Buffer.from(bytes ?? []));

/** A label is on one version at most; what was current is the previous one. */
function moved(
  versions: readonly SecretVersion[],
  stage: string,
  to: string | undefined,
): readonly SecretVersion[] {
  const from = versions.find(({ stages }) => stages.includes(stage))?.id;
  if (from === to) return versions;
  const after = versions.map((version) => {
    const others = version.stages.filter((each) => each !== stage);
    return { ...version, stages: version.id === to ? [...others, stage] : others };
  });
  return stage === CURRENT && from !== undefined ? moved(after, PREVIOUS, from) : after;
}

/** What a function that rotates makes of a value: the members that it has, with other values. */
function rotated(text: string, id: string): string {
  try {
    const members: unknown = JSON.parse(text);
    if (typeof members === 'object' && members !== null && !Array.isArray(members)) {
      return JSON.stringify(Object.fromEntries(Object.keys(members).map((key) => [key, `${key}-${id}`])));
    }
  } catch {
    // A text that is no JSON.
  }
  return `rotated-${id}`;
}

function settled(kernel: Kernel, name: string, secret: ScenarioSecret, start: number): SecretRecord {
  const region = secret.region ?? kernel.region;
  const arn = `arn:aws:secretsmanager:${region}:${kernel.accountId}:secret:${name}-${secret.suffix ?? 'AbCdEf'}`;
  const changedAt = start - (secret.changedAgo ?? 30 * DAY);
  // Drawn from the ARN, without taking from the numbers that everything else is drawn from.
  let draws = 0;
  const random = () => randomOf(draws++, arn);
  const version = (value: ScenarioSecret['value'], stage: string, createdAt: number): SecretVersion[] => {
    if (value === undefined) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const bytes = secret.binary ? new Uint8Array(Buffer.from(text)) : undefined;
    return [{ id: uuid(random), text: bytes ? undefined : text, bytes, stages: [stage], createdAt }];
  };
  return {
    name,
    arn,
    region,
    kmsKey: secret.kmsKey,
    createdAt: changedAt - DAY,
    changedAt,
    rotatedAt: undefined,
    deletedAt: secret.deletedAgo === undefined ? undefined : start - secret.deletedAgo,
    unreadable: secret.unreadable,
    rotationTime: secret.rotationTime,
    tags: secret.tags ?? {},
    versions: [
      ...version(secret.previous, PREVIOUS, changedAt - DAY),
      ...version(secret.value, CURRENT, changedAt),
    ],
  };
}
