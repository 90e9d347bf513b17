import type { JsonObject } from '../definition.ts';
import { error, type Finding, warning } from './finding.ts';
import { type Container, enumerated, has, number, object, quoted, type Subject, text } from './subject.ts';

const gigabytes = (from: number, to: number, step = 1): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => (from + index * step) * 1024);

/**
 * The memory (MiB) that Fargate has for CPU units.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const FARGATE_MEMORY: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, gigabytes(1, 4)],
  [1024, gigabytes(2, 8)],
  [2048, gigabytes(4, 16)],
  [4096, gigabytes(8, 30)],
  [8192, gigabytes(16, 60, 4)],
  [16384, gigabytes(32, 120, 8)],
]);

/** The CPU and the memory of the task and of its containers. */
export function* sizes({ definition, containers, fargate }: Subject): Generator<Finding> {
  const cpu = units(definition, 'cpu');
  const memory = units(definition, 'memory');
  if (Number.isNaN(cpu)) {
    yield error(
      ['cpu'],
      `cpu is ${quoted(text(definition, 'cpu') ?? '')}; write CPU units such as "256", or vCPUs such as "0.5 vCPU"`,
    );
  }
  if (Number.isNaN(memory)) {
    yield error(
      ['memory'],
      `memory is ${quoted(text(definition, 'memory') ?? '')}; write MiB such as "512", or GB such as "2 GB"`,
    );
  }
  if (fargate) yield* fargateSize(definition, cpu, memory);
  for (const container of containers) yield* containerMemory(container, memory, fargate);
  yield* shares(containers, cpu, memory, fargate);
}

function* fargateSize(
  definition: JsonObject,
  cpu: number | undefined,
  memory: number | undefined,
): Generator<Finding> {
  for (const [key, example] of [
    ['cpu', '"256"'],
    ['memory', '"512"'],
  ] as const) {
    if (!has(definition, key))
      yield error([], `${key} of the task is missing; Fargate needs it, for example ${example}`);
  }
  if (cpu === undefined || Number.isNaN(cpu)) return;
  const offered = FARGATE_MEMORY.get(cpu);
  if (!offered) {
    const all = enumerated([...FARGATE_MEMORY.keys()]);
    yield error(['cpu'], `cpu is ${quoted(text(definition, 'cpu') ?? '')}; Fargate has ${all} CPU units`);
  } else if (memory !== undefined && !Number.isNaN(memory) && !offered.includes(memory)) {
    const given = quoted(text(definition, 'memory') ?? '');
    yield error(
      ['memory'],
      `memory is ${given}, which Fargate does not have with cpu ${cpu}; it has ${described(offered)} MiB`,
    );
  }
  const family = text(object(definition, 'runtimePlatform') ?? {}, 'operatingSystemFamily') ?? '';
  if (family.startsWith('WINDOWS') && (cpu < 1024 || cpu > 4096)) {
    yield warning(['cpu'], `cpu is ${cpu}; Windows on Fargate has 1024, 2048 and 4096 CPU units`);
  }
}

/** `2048 to 8192 in steps of 1024` */
function described(values: readonly number[]): string {
  const [first = 0, second = 0] = values;
  return values.length < 5
    ? enumerated(values)
    : `${first} to ${values.at(-1)} in steps of ${second - first}`;
}

function* containerMemory(
  { fields, label, path }: Container,
  task: number | undefined,
  fargate: boolean,
): Generator<Finding> {
  const hard = number(fields, 'memory');
  const soft = number(fields, 'memoryReservation');
  // Fargate misses the memory of the task by itself.
  if (!fargate && (task === undefined || task === 0) && !hard && !soft) {
    yield error(
      path,
      `${label} has neither memory nor memoryReservation, and the task has no memory; give one of them in MiB`,
    );
  }
  if (hard !== undefined && task !== undefined && hard > task) {
    yield error(
      [...path, 'memory'],
      `memory of ${label} is ${hard} MiB, more than the ${task} MiB of the task`,
    );
  }
  if (hard && soft && soft > hard) {
    yield error(
      [...path, 'memoryReservation'],
      `memoryReservation of ${label} is ${soft} MiB, more than its memory of ${hard} MiB; the reservation is the lower one`,
    );
  }
  for (const [key, value] of [
    ['memory', hard],
    ['memoryReservation', soft],
  ] as const) {
    if (value !== undefined && value < 0) {
      yield error([...path, key], `${key} of ${label} is ${value}; give MiB above 0`);
    } else if (value !== undefined && value > 0 && value < 6) {
      yield warning([...path, key], `${key} of ${label} is ${value} MiB; Docker reserves 6 MiB at least`);
    }
  }
}

/** What the containers want together must be there. */
function* shares(
  containers: readonly Container[],
  cpu: number | undefined,
  memory: number | undefined,
  fargate: boolean,
): Generator<Finding> {
  for (const { fields, label, path } of containers) {
    const own = number(fields, 'cpu') ?? 0;
    if (own < 0) yield error([...path, 'cpu'], `cpu of ${label} is ${own}; give CPU units, 0 or more`);
  }
  const total = (key: string) =>
    containers.reduce((sum, { fields }) => sum + Math.max(0, number(fields, key) ?? 0), 0);
  const cpus = total('cpu');
  if (cpu && cpus > cpu) {
    yield error(
      ['cpu'],
      `the containers reserve ${cpus} CPU units together, more than the ${cpu} of the task; lower theirs or raise its`,
    );
  }
  const reserved = total('memoryReservation');
  if (memory && reserved > memory) {
    yield error(
      ['memory'],
      `the containers reserve ${reserved} MiB together (memoryReservation), more than the ${memory} MiB of the task; lower theirs or raise its`,
    );
  }
  const limits = total('memory');
  if (fargate && memory && reserved === 0 && limits > memory) {
    yield warning(
      ['memory'],
      `the containers may use ${limits} MiB together (memory), more than the ${memory} MiB of the task; all of them at once would be stopped for lack of memory`,
    );
  }
}

/** CPU units or MiB: `1 vCPU` and `1024` mean the same, as do `2 GB` and `2048`. NaN: neither. */
function units(fields: JsonObject, key: 'cpu' | 'memory'): number | undefined {
  const value = text(fields, key)?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const unit = key === 'cpu' ? /^(\d*\.?\d+)\s*vcpus?$/i : /^(\d*\.?\d+)\s*gb$/i;
  return Number(unit.exec(value)?.[1] ?? Number.NaN) * 1024;
}
