import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SourceKind } from '../../backups/source.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import { readExceptions, SEVERITIES } from '../../images/scan.ts';
import { lockParameter } from '../../migrations/lock.ts';
import type { Stacks } from '../../ports.ts';
import type { CheckName } from '../../preflight/checks.ts';
import { readCalendar } from '../../preflight/freeze-calendar.ts';
import type { FreezeWindow } from '../../preflight/freeze-window.ts';
import type { ScanRules } from '../../preflight/scan.ts';
import { DEFAULTS, readSettings, type Setting } from '../../preflight/settings.ts';
import type { Capacity } from '../../rollout/capacity.ts';
import { listLines } from '../../rollout/list-lines.ts';
import type { Path } from '../../taskdef/definition.ts';
import { readYaml } from '../../taskdef/yaml-document.ts';
import { readAlarmNames } from '../alarm-names.ts';
import { SOURCE_INPUTS, sourceProblem } from '../backup/inputs.ts';
import { parseCapacity } from '../capacity-input.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { foreignRegion } from '../job-region.ts';
import {
  type RenderInputs,
  readRenderInputs,
  STACK_INPUTS,
} from '../render-task-definition/render-inputs.ts';
import { readPlace } from '../service-place.ts';
import { withStackOutputs } from '../stack-outputs.ts';

/** A database or cache of which there has to be a backup. */
export interface BackedUp {
  readonly kind: SourceKind;
  readonly id: string;
}

export interface Inputs {
  readonly cluster: string;
  readonly service: string;
  /** What would be released; what the service runs where nothing else is named. */
  readonly render: RenderInputs;
  readonly alarms: readonly string[];
  readonly backups: readonly BackedUp[];
  readonly backupMaxAgeMs: number;
  /** Undefined without a calendar. */
  readonly freeze: readonly FreezeWindow[] | undefined;
  readonly freezeOverride: string | undefined;
  readonly settings: ReadonlyMap<CheckName, Setting>;
  readonly scan: ScanRules;
  readonly capacity: Capacity;
  /** The lock under which `migrate` keeps its record; that of the service where none is named. */
  readonly lock: string | undefined;
}

const DAY_MS = 86_400_000;

/** Of rendering, all others are as if they were not given. */
const RENDERED = ['cluster', 'service', 'image', 'images', 'container-name'];

/**
 * @param workspace where paths of files start from
 * @param region of the job
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<Inputs> {
  const resolved = await withStackOutputs(input, STACK_INPUTS, stacks);
  const reader = new InputReader(resolved);
  const { cluster, service } = readPlace(reader, region);
  const named = cluster !== '' && service !== '';
  const rendering = new InputReader((name) => {
    if (name.startsWith('task-definition')) return definitionInput(name, resolved('task-definition'));
    return RENDERED.includes(name) ? resolved(name) : '';
  });
  const render = named ? await readRenderInputs(rendering, workspace, region) : undefined;
  reader.attempt(() => rendering.finish(), undefined);
  const { exceptions, problems } = readExceptions(listLines(input('allow-findings')));
  for (const { input: place, message } of problems) reader.problem(place, message);
  const calendar = reader.verbatim('freeze');
  const inputs = {
    cluster,
    service,
    alarms: readAlarmNames(reader, region),
    backups: await readBackups(reader, input, stacks, region),
    backupMaxAgeMs: reader.duration('backup-max-age', DAY_MS),
    freeze:
      calendar === undefined
        ? undefined
        : await reader.attemptLater(() => readFreeze(calendar, workspace), undefined),
    freezeOverride: reader.optional('freeze-override'),
    settings: reader.parse<ReadonlyMap<CheckName, Setting>>('checks', readSettings, DEFAULTS),
    scan: { failOn: reader.oneOf('fail-on', ['none', ...SEVERITIES], 'critical'), exceptions },
    capacity: reader.parse<Capacity>('capacity', parseCapacity, { mode: 'auto', atLeast: 1 }),
    lock: reader.parse<string | undefined>('lock', readLock, undefined),
  };
  reader.finish();
  // Without it, `finish` has thrown.
  return { ...inputs, render: render as RenderInputs };
}

/** One input here is three of rendering: a file, `FAMILY:REVISION` or an ARN. */
function definitionInput(name: string, given: string): string {
  const text = given.trim();
  const kind = text.startsWith('arn:')
    ? 'task-definition-arn'
    : /^[\w-]+:\d+$/.test(text)
      ? 'task-definition-family'
      : 'task-definition';
  return name === kind ? text : '';
}

function readLock(lock: string): string {
  lockParameter(lock);
  return lock;
}

async function readBackups(
  reader: InputReader,
  input: InputSource,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<readonly BackedUp[]> {
  const written = (Object.keys(SOURCE_INPUTS) as SourceKind[]).flatMap((kind) => {
    const name = `backup-${SOURCE_INPUTS[kind].input}`;
    return listLines(input(name)).flatMap(([number, line]) =>
      line
        .split(',')
        .map((text) => text.trim())
        .filter((text) => text !== '')
        .map((text, index) => ({ kind, text, place: `${name} line ${number}, name ${index + 1}` })),
    );
  });
  const texts = new Map(written.map(({ place, text }) => [place, text]));
  const found = await reader.attemptLater<InputSource>(
    () => withStackOutputs((place) => texts.get(place) ?? '', [...texts.keys()], stacks),
    () => '',
  );
  return written.flatMap(({ kind, place }): BackedUp[] => {
    const value = found(place);
    if (value === '') return [];
    const id = (value.split(':').at(-1) ?? '').toLowerCase();
    const problem = sourceProblem(kind, value, id) ?? foreignRegion(value, region);
    if (problem === undefined) return [{ kind, id }];
    reader.problem(place, problem);
    return [];
  });
}

/** @throws ConfigError with all that is wrong in the calendar */
async function readFreeze(text: string, workspace: string): Promise<readonly FreezeWindow[]> {
  const file = /^[^\n:[{-][^\n:[{]*$/.test(text.trim()) ? text.trim() : undefined;
  const content = file === undefined ? text : await readCalendarFile(file, workspace);
  const yaml = await readYaml(content);
  const at = (line: number, column: number) => (file === undefined ? {} : { place: { file, line, column } });
  if (!('value' in yaml)) {
    const { line, column, message } = yaml;
    throw new ConfigError({
      input: `${file ?? 'freeze'} line ${line}`,
      message: `is not YAML: ${message}`,
      ...at(line, column),
    });
  }
  const problems: Problem[] = [];
  const complain = (path: Path, message: string) => {
    const { line, column } = yaml.placeOf(path);
    const key = path.filter((step) => typeof step === 'string' && step !== 'windows').join('.');
    const input = `${file ?? 'freeze'} line ${line}${key === '' ? '' : `, ${key}`}`;
    problems.push({ input, message, ...at(line, column) });
  };
  const windows = readCalendar(yaml.value, complain, (path) => yaml.sourceOf(path));
  if (problems.length > 0) throw new ConfigError(problems);
  return windows;
}

async function readCalendarFile(file: string, workspace: string): Promise<string> {
  return readFile(resolve(workspace, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message =
      cause.code === 'ENOENT'
        ? `"${file}" does not exist in ${workspace}; is actions/checkout missing before this step?`
        : `"${file}" cannot be read: ${cause.message}`;
    throw new ConfigError({ input: 'freeze', message }, { cause });
  });
}
