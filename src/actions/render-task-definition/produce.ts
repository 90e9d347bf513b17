import type { Place, RegisteredTaskDefinition, TaskDefinitions } from '../../ports.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { type Difference, diff } from '../../taskdef/diff.ts';
import { render } from '../../taskdef/render.ts';
import { type Finding, validate } from '../../taskdef/validate.ts';
import type { ActionContext } from '../action.ts';
import { load } from './load.ts';
import type { RenderInputs } from './render-inputs.ts';
import type { ServiceName } from './source.ts';

/** What a task definition was compared with: itself before it was rendered, or what a service runs. */
export type Compared = { readonly kind: 'source' } | ({ readonly kind: 'service' } & ServiceName);

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
  /** What the service runs, where one is named. */
  readonly running?: RegisteredTaskDefinition;
}

export interface PlacedFinding extends Finding {
  readonly place?: Place;
}

/**
 * Loads a task definition, renders it, validates the result and compares it; writes and prints nothing. Findings that
 * are errors are told like the others: whether they stop anything is for the caller to say.
 *
 * @param connect opens AWS; called only when the definition or the service to compare with is there
 * @throws ConfigError when the source or the service does not exist, or a setting fits nowhere
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
  const { definition, notThere } = render(loaded.definition, settings);
  const taken = loaded.registered ? validate(loaded.definition, { requireDigest: false }) : [];
  const findings = await Promise.all(
    validate(definition, { requireDigest }).map(async (finding): Promise<PlacedFinding> => {
      const place = await loaded.placeOf(finding.path, definition);
      return { ...finding, severity: severityOf(finding, taken), ...(place && { place }) };
    }),
  );
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
    ...(running && { running }),
  };
}

/** What AWS has taken once, it takes again, whatever we think of it. */
const severityOf = ({ severity, message }: Finding, taken: readonly Finding[]): Finding['severity'] =>
  taken.some((finding) => finding.message === message) ? 'warning' : severity;

/** Where relative paths start. */
export const workspaceOf = (env: NodeJS.ProcessEnv): string => env['GITHUB_WORKSPACE'] || process.cwd();
