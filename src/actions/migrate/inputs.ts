import { nameIn } from '../../arn.ts';
import { ConfigError } from '../../errors.ts';
import { lockParameter } from '../../migrations/lock.ts';
import { PRESETS, type Preset } from '../../migrations/presets.ts';
import type { TaskPlacement } from '../../ports.ts';
import type { ContainerSettings } from '../../taskdef/settings.ts';
import { parseAssignments, VARIABLES } from '../assignments.ts';
import { parseWords } from '../command-words.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { foreignRegion } from '../job-region.ts';
import { readImages } from '../render-task-definition/render-inputs.ts';
import type { Source } from '../render-task-definition/source.ts';
import { readPlace } from '../service-place.ts';

export type Words = readonly string[];

/** A command that changes nothing, and what its output has to hold. */
export interface Probe {
  readonly command: Words;
  readonly matches?: RegExp;
}

/** Where the task runs, as far as it is another place than the service's own. */
export interface GivenPlacement
  extends Pick<TaskPlacement, 'launchType' | 'capacityProviders' | 'platformVersion'> {
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly publicIp?: boolean;
}

export interface Inputs {
  readonly cluster: string;
  readonly service: string | undefined;
  readonly source: Source;
  readonly images: readonly ContainerSettings[];
  /** The container that runs the commands. */
  readonly container: string | undefined;
  /** In their order; `undefined` stands for what the container runs by itself. */
  readonly commands: readonly (Words | undefined)[];
  /** Tells by its end, or by its output, that there is nothing to do. */
  readonly status: Probe | undefined;
  readonly verify: Probe | undefined;
  /** The commands take a migration back. */
  readonly undo: boolean;
  /** The tool, where it is known. */
  readonly preset: Preset | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly overrides: {
    readonly cpu?: string;
    readonly memory?: string;
    readonly taskRole?: string;
    readonly executionRole?: string;
  };
  readonly placement: GivenPlacement;
  readonly lock: string;
  readonly lockWaitMs: number;
  readonly timeoutMs: number;
  /** Whether the code that runs now works with the database after this; `undefined` where nobody has said it. */
  readonly compatible: boolean | undefined;
  readonly backups: readonly string[];
  readonly dryRun: boolean;
}

/** The inputs that may refer to the outputs of a CloudFormation stack. */
export const STACK_INPUTS = [
  'cluster',
  'service',
  'image',
  'subnets',
  'security-groups',
  'task-role',
  'execution-role',
];

const DEFAULT_TIMEOUT_MS = 30 * 60_000;
const DEFAULT_LOCK_WAIT_MS = 15 * 60_000;
/** What the lock has room for. */
const MAX_COMMANDS = 20;

/**
 * @param region of the job
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(input: InputSource, region: string | undefined): Promise<Inputs> {
  const reader = new InputReader(input);
  const { cluster, service: named } = readPlace(reader, region, {
    read: (name, example) =>
      name === 'cluster' ? reader.required(name, example) : (reader.optional(name) ?? ''),
  });
  const service = named === '' ? undefined : named;
  const source = readSource(reader, cluster, service, region);
  const preset = readPreset(reader);
  const undo = reader.boolean('undo', false);
  const images = await readImages(reader);
  const container = reader.optional('container-name');
  const inputs: Inputs = {
    cluster,
    service,
    source,
    images,
    container,
    commands: undo ? await readUndo(reader, preset) : await readCommands(reader, preset, source),
    status: undo ? undefined : await readProbe(reader, 'status', preset?.status),
    verify: await readProbe(reader, 'verify', undo ? undefined : preset?.verify),
    undo,
    preset,
    environment: await readEnvironment(reader),
    overrides: readOverrides(reader),
    placement: readPlacement(reader),
    lock: readLock(reader, cluster, service),
    lockWaitMs: reader.duration('lock-wait', DEFAULT_LOCK_WAIT_MS),
    timeoutMs: reader.duration('timeout', DEFAULT_TIMEOUT_MS),
    compatible: readCompatible(reader),
    backups: reader.list('backup'),
    dryRun: reader.boolean('dry-run', false),
  };
  reader.finish();
  return inputs;
}

/** A file of the workspace, a revision, a family, or, without any, what the service runs. */
function readSource(
  reader: InputReader,
  cluster: string,
  service: string | undefined,
  region: string | undefined,
): Source {
  const text = reader.optional('task-definition');
  if (text === undefined) {
    if (service === undefined) {
      reader.problem(
        'service',
        'is required, because its network, roles and task definition are used; or give task-definition, with subnets and security-groups where it has a network of its own',
      );
    }
    return { kind: 'service', cluster, service: service ?? '' };
  }
  const foreign = foreignRegion(text, region);
  if (foreign !== undefined) reader.problem('task-definition', foreign);
  if (text.startsWith('arn:') || /^[\w-]{1,255}(:\d+)?$/.test(text)) {
    return { kind: 'registered', reference: text, input: 'task-definition' };
  }
  return { kind: 'file', path: text };
}

function readPreset(reader: InputReader): Preset | undefined {
  const name = reader.optional('preset');
  if (name === undefined) return undefined;
  const found = Object.entries(PRESETS).find(([known]) => known === name)?.[1];
  if (!found) reader.problem('preset', `"${name}" is not one of ${Object.keys(PRESETS).join(', ')}`);
  return found;
}

async function readCommands(
  reader: InputReader,
  preset: Preset | undefined,
  source: Source,
): Promise<readonly (Words | undefined)[]> {
  const command = reader.optional('command');
  const several = reader.optional('commands');
  if (command !== undefined && several !== undefined) {
    reader.problem('commands', 'is given beside command; keep one of them');
  }
  if (several !== undefined) {
    const lines = several
      .split('\n')
      .map((line, index) => [index + 1, line.trim()] as const)
      .filter(([, line]) => line !== '' && !line.startsWith('#'));
    if (lines.length > MAX_COMMANDS) {
      reader.problem(
        'commands',
        `has ${lines.length} commands, and a migration takes ${MAX_COMMANDS}; put some into a script`,
      );
    }
    return Promise.all(lines.map(([number, line]) => words(reader, line, `commands line ${number}`)));
  }
  if (command !== undefined) return [await words(reader, command, 'command')];
  if (preset) return [preset.command];
  if (source.kind === 'service') {
    reader.problem(
      'command',
      `is required, because without it the task would start the service's own program; give command, commands or preset (${Object.keys(PRESETS).join(', ')})`,
    );
  }
  return [undefined];
}

async function readUndo(reader: InputReader, preset: Preset | undefined): Promise<readonly Words[]> {
  const text = reader.optional('undo-command');
  if (text !== undefined) return [await words(reader, text, 'undo-command')];
  if (preset?.undo) return [preset.undo];
  reader.problem(
    'undo-command',
    preset
      ? 'is required, because the tool of this preset has no command that takes one migration back'
      : 'is required with undo; it takes the last migration back, such as alembic downgrade -1',
  );
  return [];
}

async function readProbe(
  reader: InputReader,
  name: 'status' | 'verify',
  preset: { readonly command: Words; readonly matches?: RegExp; readonly upToDate?: RegExp } | undefined,
): Promise<Probe | undefined> {
  const text = reader.optional(`${name}-command`);
  const given = reader.parse(
    `${name}-matches`,
    (pattern) => expression(pattern, `${name}-matches`),
    undefined,
  );
  if (text === 'none') return undefined;
  const command = text === undefined ? preset?.command : await words(reader, text, `${name}-command`);
  if (command === undefined) {
    if (given) reader.problem(`${name}-matches`, `is given without ${name}-command, whose output it is for`);
    return undefined;
  }
  const matches = given ?? (text === undefined ? (preset?.matches ?? preset?.upToDate) : undefined);
  return { command, ...(matches && { matches }) };
}

function expression(pattern: string, input: string): RegExp {
  try {
    return new RegExp(pattern, 'm');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError({ input, message: `is not a regular expression: ${message}` }, { cause });
  }
}

const words = (reader: InputReader, text: string, input: string): Promise<Words> =>
  reader.attemptLater(async () => {
    const found = await parseWords(text, input);
    const problem = programProblem(found);
    if (problem !== undefined) throw new ConfigError({ input, message: problem });
    return found;
  }, []);

/** What is wrong with the program's name, which is kept in AWS. */
function programProblem([program]: Words): string | undefined {
  if (program === undefined) return 'is an empty list; give a command';
  if (program.trim() === '') return 'begins with an empty word; give the name of a program first';
  if (!/^\w+=/.test(program)) return undefined;
  return 'begins with NAME=value, which is for a shell, and ECS starts none; use environment-variables, or call the shell: ["sh", "-c", "..."]';
}

async function readEnvironment(reader: InputReader): Promise<Readonly<Record<string, string>>> {
  const input = 'environment-variables';
  const text = reader.verbatim(input);
  if (text === undefined) return {};
  const read = () => parseAssignments(text, input, VARIABLES);
  return Object.fromEntries(await reader.attemptLater(read, new Map()));
}

function readOverrides(reader: InputReader): Inputs['overrides'] {
  const amount = (name: 'cpu' | 'memory', example: string) =>
    reader.parse(
      name,
      (text) => {
        if (/^\d+$/.test(text)) return text;
        throw new ConfigError({ input: name, message: `"${text}" is not ${example}` });
      },
      undefined,
    );
  const cpu = amount('cpu', 'a number of CPU units, such as 512');
  const memory = amount('memory', 'a number of MiB, such as 1024');
  const taskRole = reader.optional('task-role');
  const executionRole = reader.optional('execution-role');
  return {
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(taskRole !== undefined && { taskRole }),
    ...(executionRole !== undefined && { executionRole }),
  };
}

function readPlacement(reader: InputReader): GivenPlacement {
  const subnets = reader.list('subnets');
  const securityGroups = reader.list('security-groups');
  for (const [input, given, prefix] of [
    ['subnets', subnets, 'subnet-'],
    ['security-groups', securityGroups, 'sg-'],
  ] as const) {
    for (const id of given.filter((one) => !one.startsWith(prefix))) {
      reader.problem(input, `"${id}" is not an id, such as ${prefix}0a1b2c3d`);
    }
  }
  const providers = reader.list('capacity-providers').flatMap((text) => {
    const [, name, weight = '1'] = /^([\w-]+)(?:=(\d{1,4}))?$/.exec(text) ?? [];
    if (name !== undefined) return [{ name, weight: Number(weight), base: 0 }];
    reader.problem('capacity-providers', `"${text}" is neither NAME nor NAME=WEIGHT, such as FARGATE_SPOT=1`);
    return [];
  });
  const launchType = reader.optional('launch-type');
  if (launchType !== undefined && providers.length > 0) {
    reader.problem('launch-type', 'is given beside capacity-providers, and ECS takes one of them; keep one');
  }
  const type = launchType && reader.oneOf('launch-type', ['FARGATE', 'EC2', 'EXTERNAL'], 'FARGATE');
  const publicIp = reader.optional('assign-public-ip') && reader.boolean('assign-public-ip', false);
  const platformVersion = reader.optional('platform-version');
  return {
    ...(subnets.length > 0 && { subnets }),
    ...(securityGroups.length > 0 && { securityGroups }),
    ...(typeof publicIp === 'boolean' && { publicIp }),
    ...(providers.length > 0 && { capacityProviders: providers }),
    ...(type && { launchType: type }),
    ...(platformVersion !== undefined && { platformVersion }),
  };
}

function readLock(reader: InputReader, cluster: string, service: string | undefined): string {
  const given = reader.optional('lock');
  if (given === undefined) {
    if (service !== undefined) return `${nameIn(cluster)}/${service}`;
    reader.problem('lock', 'is required without a service; name the database, such as shop-db');
    return '';
  }
  reader.attempt(() => lockParameter(given), '');
  return given;
}

function readCompatible(reader: InputReader): boolean | undefined {
  return reader.optional('compatible') === undefined ? undefined : reader.boolean('compatible', false);
}
