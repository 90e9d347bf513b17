import { absent, error, type Finding, warning } from './finding.ts';
import { nearest } from './nearest.ts';
import {
  type Container,
  has,
  list,
  number,
  object,
  own,
  parts,
  quoted,
  repeated,
  type Subject,
  text,
  texts,
} from './subject.ts';

const NAME = /^[A-Za-z0-9_-]{1,255}$/;
const MOST_CONTAINERS = 10;

/** The containers, how they wait for each other, and how they are checked and restarted. */
export function* containerRules({ definition, containers }: Subject): Generator<Finding> {
  const at = ['containerDefinitions'];
  if (list(definition, 'containerDefinitions').length === 0) {
    yield error(at, 'containerDefinitions is empty; a task has at least one container');
  }
  if (containers.length === 0) return;
  if (containers.length > MOST_CONTAINERS) {
    yield error(
      at,
      `there are ${containers.length} containers; ECS takes ${MOST_CONTAINERS} in one task definition`,
    );
  }
  if (containers.every(({ fields }) => fields['essential'] === false)) {
    yield error(
      at,
      'no container is essential; leave out "essential": false where the task ends with the container',
    );
  }
  for (const { path, label } of repeated(containers, ({ name }) => name || undefined)) {
    yield error([...path, 'name'], `${label} stands twice; every container needs a name of its own`);
  }
  for (const container of containers) {
    yield* nameAndLimits(container);
    yield* healthCheck(container);
    yield* restartPolicy(container);
    yield* dependencies(container, containers);
  }
  yield* cycles(containers, 'dependsOn', (container) =>
    parts(container, 'dependsOn').map(({ fields }) => text(fields, 'containerName') ?? ''),
  );
}

function* nameAndLimits({ path, fields, name, label }: Container): Generator<Finding> {
  if (!has(fields, 'name')) yield absent(path, 'name', `the name of ${label} is missing`);
  else if (name && !NAME.test(name)) {
    yield error(
      [...path, 'name'],
      `${label} has a name that ECS does not take: up to 255 letters, digits, hyphens and underscores`,
    );
  }
  for (const { path: at, fields: limit } of parts({ path, fields }, 'ulimits')) {
    const soft = number(limit, 'softLimit');
    const hard = number(limit, 'hardLimit');
    // -1 stands for no limit.
    if (soft !== undefined && hard !== undefined && hard >= 0 && (soft > hard || soft < 0)) {
      yield error(
        at,
        `ulimit ${text(limit, 'name') ?? ''} of ${label} has a soft limit of ${soft} above its hard limit of ${hard}`,
      );
    }
  }
}

const CHECK_RANGES = {
  interval: [5, 300, 'seconds'],
  timeout: [2, 120, 'seconds'],
  retries: [1, 10, 'times'],
  startPeriod: [0, 300, 'seconds'],
} as const;

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
function* healthCheck({ path, fields, label }: Container): Generator<Finding> {
  const check = object(fields, 'healthCheck');
  if (!check) {
    if (fields['essential'] !== false && list(fields, 'portMappings').length > 0) {
      yield warning(
        path,
        `${label} has a port but no healthCheck: unless a load balancer checks it, ECS takes it for healthy as soon as it runs`,
      );
    }
    return;
  }
  const at = [...path, 'healthCheck'];
  const command = own(check, 'command');
  const [kind] = texts(check, 'command');
  if (command !== undefined && list(check, 'command').length === 0 && typeof command !== 'string') {
    yield error(
      [...at, 'command'],
      `the command of the healthCheck of ${label} is empty; write ["CMD-SHELL", "..."]`,
    );
  } else if (kind !== undefined && !['CMD', 'CMD-SHELL', 'NONE'].includes(kind)) {
    // ECS takes it, and some images are documented that way.
    yield warning(
      [...at, 'command'],
      `the command of the healthCheck of ${label} begins with neither "CMD" nor "CMD-SHELL"; put one of them in front, for ECS promises to run nothing else`,
    );
  } else if (kind === 'CMD-SHELL' && list(check, 'command').length > 2) {
    yield warning(
      [...at, 'command'],
      `the command of the healthCheck of ${label} has several items after "CMD-SHELL", which takes one text; join them, or begin with "CMD"`,
    );
  }
  for (const [key, [from, to, unit]] of Object.entries(CHECK_RANGES)) {
    const value = number(check, key);
    if (value !== undefined && (value < from || value > to)) {
      yield error(
        [...at, key],
        `healthCheck.${key} of ${label} is ${value}; ECS takes ${from} to ${to} ${unit}`,
      );
    }
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html */
function* restartPolicy({ path, fields, label }: Container): Generator<Finding> {
  const policy = object(fields, 'restartPolicy') ?? {};
  const at = [...path, 'restartPolicy'];
  const period = number(policy, 'restartAttemptPeriod');
  if (period !== undefined && (period < 60 || period > 1800)) {
    yield error(
      [...at, 'restartAttemptPeriod'],
      `restartPolicy.restartAttemptPeriod of ${label} is ${period}; ECS takes 60 to 1800 seconds`,
    );
  }
  const ignored = list(policy, 'ignoredExitCodes').length;
  if (ignored > 50) {
    yield error(
      [...at, 'ignoredExitCodes'],
      `restartPolicy.ignoredExitCodes of ${label} holds ${ignored} codes; ECS takes 50`,
    );
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html */
function* dependencies(container: Container, containers: readonly Container[]): Generator<Finding> {
  const { label } = container;
  for (const { path, fields } of parts(container, 'dependsOn')) {
    const name = text(fields, 'containerName');
    if (name === undefined) continue;
    const at = [...path, 'containerName'];
    const other = containers.find((candidate) => candidate.name === name);
    if (name === container.name) {
      yield error(at, `${label} depends on itself`);
    } else if (!other) {
      yield error(at, `${label} depends on container ${quoted(name)}, ${missing(name, containers)}`);
    } else {
      yield* condition(text(fields, 'condition'), [...path, 'condition'], label, other);
    }
  }
}

function* condition(
  wanted: string | undefined,
  path: Finding['path'],
  label: string,
  other: Container,
): Generator<Finding> {
  const ends = wanted === 'COMPLETE' || wanted === 'SUCCESS';
  if (ends && other.fields['essential'] !== false) {
    yield error(
      path,
      `${label} waits for the end (${wanted}) of ${other.label}, which is essential, so the task would end with it; set "essential": false there`,
    );
  }
  const check = object(other.fields, 'healthCheck');
  if (wanted === 'HEALTHY' && (!check || texts(check, 'command')[0] === 'NONE')) {
    yield error(
      path,
      `${label} waits for ${other.label} to be HEALTHY, which has no healthCheck, so it never is; a HEALTHCHECK in the image does not count`,
    );
  }
}

/** Containers that would wait for each other for ever; waiting for itself is said elsewhere. */
export function* cycles(
  containers: readonly Container[],
  field: string,
  next: (container: Container) => readonly string[],
): Generator<Finding> {
  const byName = new Map(containers.map((container) => [container.name, container]));
  const done = new Set<string>();
  for (const start of containers) {
    const way = wayBack(start.name, [start.name], (name) => {
      const container = byName.get(name);
      return container ? next(container).filter((other) => other !== name) : [];
    });
    if (!way || way.some((name) => done.has(name))) continue;
    for (const name of way) done.add(name);
    yield error(
      [...start.path, field],
      `${field} goes in a circle: ${[...way, start.name].join(' -> ')}; take one of them out`,
    );
  }
}

function wayBack(
  goal: string,
  way: readonly string[],
  next: (name: string) => readonly string[],
): readonly string[] | undefined {
  for (const name of next(way.at(-1) ?? '')) {
    if (name === goal) return way;
    const longer = way.includes(name) ? undefined : wayBack(goal, [...way, name], next);
    if (longer) return longer;
  }
  return undefined;
}

/** `which is not there; did you mean "app"?` */
export function missing(name: string, containers: readonly Container[]): string {
  const names = containers.map((container) => container.name).filter((candidate) => candidate !== '');
  const near = nearest(name, names);
  return near === undefined
    ? `which is not there; the containers are ${names.join(', ')}`
    : `which is not there; did you mean ${quoted(near)}?`;
}
