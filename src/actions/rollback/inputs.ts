import { closestMatch } from 'leven';
import { ConfigError } from '../../errors.ts';
import { lockParameter } from '../../migrations/lock.ts';
import type { RestoreInputs } from '../frontend/restore.ts';
import { readSite } from '../frontend/site-inputs.ts';
import { type DeploymentInputs, readDeploymentInputs } from '../github-deployments.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { parseRevision, type RevisionReference, readRevision } from '../revision-reference.ts';
import { readPlace } from '../service-place.ts';

/** Where to roll back to. */
export type Target =
  | { readonly kind: 'previous' | 'last-good' }
  | RevisionReference
  | { readonly kind: 'image-tag'; readonly tag: string };

export interface Inputs extends ServiceInputs {
  /** Whether there is one: a frontend may come back alone. */
  readonly hasService: boolean;
  /** A frontend that comes back after the service, or alone. */
  readonly frontend: RestoreInputs | undefined;
}

/** What is needed for a service. */
export interface ServiceInputs {
  readonly cluster: string;
  readonly service: string;
  readonly to: Target;
  /** What the service has to run, or a rollout to bring, for it to go back. */
  readonly onlyFrom: RevisionReference | undefined;
  readonly reason: string;
  readonly timeoutMs: number;
  /**
   * The lock under which `migrate` keeps its record: a name, that of the service, which need not be there, or none, and
   * then the migrations are not looked at. Where it is strict, what is not known to be compatible stands in the way.
   */
  readonly migrations: 'none' | 'own' | { readonly lock: string; readonly strict: boolean };
  /** Whether the revision works with the database as it is now, where somebody has said so. */
  readonly compatible: boolean | undefined;
  readonly deployment: DeploymentInputs | undefined;
  readonly dryRun: boolean;
}

/**
 * @param region of the job
 * @throws ConfigError with every problem of every input
 */
export function readInputs(input: InputSource, region: string | undefined): Inputs {
  const reader = new InputReader(input);
  const lock = reader.parse('lock', parseLenientLock, 'own');
  if (reader.optional('lock') !== undefined && reader.optional('migrations') !== undefined) {
    reader.problem(
      'lock',
      'is given beside migrations, which names the lock and is strict; keep one of them',
    );
  }
  const site = readSite(reader);
  const hasService = !site || ['cluster', 'service'].some((name) => reader.optional(name) !== undefined);
  const named = (name: string, example: string) => (hasService ? reader.required(name, example) : '');
  const timeoutMs = reader.duration('timeout', 15 * 60_000);
  const reason = reader.optional('reason') ?? 'rolled back by hand';
  const dryRun = reader.boolean('dry-run', false);
  const inputs: Inputs = {
    hasService,
    frontend: site && { ...site, to: reader.optional('to') ?? 'previous', timeoutMs, dryRun },
    ...readPlace(reader, region, { read: named }),
    to: hasService ? reader.parse('to', (text) => parseTarget(text, region), PREVIOUS) : PREVIOUS,
    onlyFrom: reader.parse('only-from', (text) => parseRevision(text, 'only-from', region), undefined),
    reason,
    timeoutMs,
    migrations: reader.parse<Inputs['migrations']>('migrations', parseLock, lock),
    compatible: reader.optional('compatible') === undefined ? undefined : reader.boolean('compatible', false),
    deployment: readDeploymentInputs(reader),
    dryRun,
  };
  if (site && hasService && (inputs.to.kind === 'revision' || inputs.to.kind === 'arn')) {
    reader.problem(
      'to',
      'names a revision of the service, and a frontend has none; write previous, last-good, or a tag that is also the version of the frontend, or roll each back in a step of its own',
    );
  }
  if (!hasService && inputs.onlyFrom)
    reader.problem('only-from', 'is about a service, and only a frontend is given');
  reader.finish();
  return inputs;
}

const PREVIOUS: Target = { kind: 'previous' };

function parseLock(lock: string): Inputs['migrations'] {
  if (lock === 'none') return 'none';
  lockParameter(lock, 'migrations');
  return { lock, strict: true };
}

function parseLenientLock(lock: string): Inputs['migrations'] {
  lockParameter(lock, 'lock');
  return { lock, strict: false };
}

/** A number is a revision, `family:number` too; every other text that could be one is an image tag. */
export function parseTarget(text: string, region: string | undefined): Target {
  if (text === 'previous' || text === 'last-good') return { kind: text };
  const reference = readRevision(text, 'to', region);
  if (reference) return reference;
  if (/^[\w][\w.-]{0,127}$/.test(text)) return { kind: 'image-tag', tag: text };
  const word = meantWord(text);
  throw new ConfigError({
    input: 'to',
    message: `"${text}" is neither previous, last-good, a revision (42 or web:42), an ARN, nor an image tag such as v1.2.3${word === undefined ? '' : `; did you mean ${word}?`}`,
  });
}

/** `previous` or `last-good`, where a text is a slip of the keyboard away from it. */
export const meantWord = (text: string): string | undefined =>
  closestMatch(text.toLowerCase(), ['previous', 'last-good'], { maxDistance: 2 });
