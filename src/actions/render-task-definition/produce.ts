import { ConfigError, type Problem } from '../../errors.ts';
import type { Place, RegisteredTaskDefinition, TaskDefinitions } from '../../ports.ts';
import type { Path, TaskDefinition } from '../../taskdef/definition.ts';
import { type Difference, diff } from '../../taskdef/diff.ts';
import { type Attempt, attemptRender } from '../../taskdef/render.ts';
import { type Finding, validate } from '../../taskdef/validate.ts';
import type { ActionContext } from '../action.ts';
import type { ServicePlace } from '../service-place.ts';
import { workspaceOf } from '../workspace.ts';
import { type Loaded, load } from './load.ts';
import type { RenderInputs } from './render-inputs.ts';

/** What a task definition was compared with: itself before it was rendered, or what a service runs. */
export type Compared = { readonly kind: 'source' } | ({ readonly kind: 'service' } & ServicePlace);

export interface Produced {
  readonly definition: TaskDefinition;
  /** Where it came from, for the log: a path, or `web:41`. */
  readonly origin: string;
  /** What validation says of the result and what the inputs' files have, with the place in the file. */
  readonly findings: readonly PlacedFinding[];
  /** Names that were to be unset and are not there. */
  readonly notThere: readonly string[];
  readonly difference: Difference;
  readonly compared: Compared;
  /** The revision that it came from, where it came from AWS. */
  readonly registered?: RegisteredTaskDefinition;
  /** What the service runs, where one is named. */
  readonly running?: RegisteredTaskDefinition;
}

export interface PlacedFinding extends Finding {
  readonly place?: Place;
  /** It is not so of what the definition came from, but of what was made of it. */
  readonly made?: true;
}

/**
 * Loads a task definition, renders it, validates the result and compares it; writes and prints nothing. Findings that
 * are errors are told like the others: whether they stop anything is for the caller to say.
 *
 * @param connect opens AWS; called only when the definition or the service to compare with is there
 * @throws ConfigError when the source or the service does not exist, or with all that is wrong when the form of the file
 *   is, or a setting fits nowhere
 */
export async function produce(
  inputs: RenderInputs,
  { env }: Pick<ActionContext, 'env'>,
  connect: () => Promise<TaskDefinitions>,
): Promise<Produced> {
  const { source, service, settings, requireDigest, showValues, warnings } = inputs;
  const workspace = workspaceOf(env);
  let opened: Promise<TaskDefinitions> | undefined;
  const aws = () => {
    opened ??= connect();
    return opened;
  };
  const [loaded, other] = await Promise.all([
    load(source, workspace, aws),
    service && source.kind !== 'service'
      ? aws().then((definitions) => definitions.ofService(service.cluster, service.service))
      : undefined,
  ]);
  const running = source.kind === 'service' ? loaded.registered : other;
  const attempt = attemptRender(loaded.definition, settings);
  const { definition, notThere } = attempt;
  const taken = loaded.registered ? validate(loaded.definition, { requireDigest: false }) : [];
  const before = loaded.registered ? validate(loaded.definition, { requireDigest }) : [];
  const findings = await Promise.all(
    validate(definition, { requireDigest }).map(async (finding): Promise<PlacedFinding> => {
      const place = await loaded.placeOf(finding.path, definition);
      const made = loaded.registered && !before.some(({ message }) => message === finding.message);
      return {
        ...finding,
        severity: severityOf(finding, taken),
        ...(place && { place }),
        ...(made && { made }),
      };
    }),
  );
  if (loaded.problems.length + attempt.problems.length > 0) {
    throw new ConfigError([
      ...loaded.problems.map(({ input, message, place }) => ({ input, message, ...(place && { place }) })),
      ...attempt.problems.map(({ input, message }) => ({ input, message })),
      ...certain(findings, loaded, attempt, requireDigest).flatMap((finding) =>
        asProblem(finding, loaded.origin),
      ),
    ]);
  }
  return {
    definition,
    origin: loaded.origin,
    findings: [
      ...findings,
      ...warnings.map((warning): PlacedFinding => ({ ...warning, severity: 'warning', path: [] })),
    ],
    notThere,
    difference: diff(running?.definition ?? loaded.definition, definition, { showValues }),
    compared: service ? { kind: 'service', ...service } : { kind: 'source' },
    ...(loaded.registered && { registered: loaded.registered }),
    ...(running && { running }),
  };
}

/** What is wrong for certain although the definition could not be rendered as asked, and is not told by what hinders. */
function certain(
  findings: readonly PlacedFinding[],
  { problems, pathBefore }: Loaded,
  { problems: ofSettings, definition, otherwise }: Attempt,
  requireDigest: boolean,
): readonly PlacedFinding[] {
  const others = otherwise && new Set(validate(otherwise, { requireDigest }).map(({ message }) => message));
  const told = [
    ...problems.map(whereOf),
    ...ofSettings.flatMap(({ path, missing }) =>
      path
        ? [whereOf({ path: pathBefore(path, definition), ...(missing !== undefined && { missing }) })]
        : [],
    ),
  ];
  return findings.filter((finding) => {
    const where = whereOf({ ...finding, path: pathBefore(finding.path, definition) });
    return (
      (others?.has(finding.message) ?? true) &&
      !told.some((other) => other.every((step, index) => step === where[index]))
    );
  });
}

/** The place of a fault, also of what is missing. */
const whereOf = ({ path, missing }: Pick<Finding, 'path' | 'missing'>): Path =>
  missing === undefined ? path : [...path, missing];

/**
 * A finding that is an error as a problem; nothing of a warning.
 *
 * @param origin what it is about where it stands in no file
 */
export function asProblem(finding: PlacedFinding, origin: string): readonly Problem[] {
  const { severity, message, place } = finding;
  return severity === 'error'
    ? [{ input: placeText(finding, origin), message, ...(place && { place }) }]
    : [];
}

/** `taskdef.json:3:5`; where there is no place, the origin, or what is made of it. */
export function placeText({ place, made }: PlacedFinding, origin: string): string {
  if (place) return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  return made ? `what is made of ${origin}` : origin;
}

/** What AWS has taken once, it takes again, whatever we think of it. */
const severityOf = ({ severity, message }: Finding, taken: readonly Finding[]): Finding['severity'] =>
  taken.some((finding) => finding.message === message) ? 'warning' : severity;
