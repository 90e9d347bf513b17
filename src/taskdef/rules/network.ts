import type { JsonObject } from '../definition.ts';
import { cycles, missing } from './containers.ts';
import { error, type Finding, warning } from './finding.ts';
import {
  type Container,
  has,
  number,
  object,
  type Part,
  parts,
  quoted,
  repeated,
  type Subject,
  text,
  texts,
} from './subject.ts';

const HIGHEST_PORT = 65_535;
const MOST_RANGES = 100;

/** Ports, names and links. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html */
export function* networkRules(subject: Subject): Generator<Finding> {
  const { containers, networkMode: mode } = subject;
  for (const container of containers) {
    const mappings = parts(container, 'portMappings');
    if (mode === 'none' && mappings.length > 0) {
      yield error(
        [...container.path, 'portMappings'],
        `${container.label} has portMappings, but networkMode is "none"; leave them out`,
      );
    }
    for (const mapping of mappings) yield* portMapping(mapping, container, mode);
    const ranges = mappings.filter(({ fields }) => has(fields, 'containerPortRange')).length;
    if (ranges > MOST_RANGES) {
      yield error(
        [...container.path, 'portMappings'],
        `${container.label} has ${ranges} port ranges; ECS takes ${MOST_RANGES}`,
      );
    }
    yield* names(container, mode);
    yield* links(container, subject);
  }
  yield* hostPorts(subject);
  const named = containers.flatMap((container) =>
    parts(container, 'portMappings').map((mapping) => ({ ...mapping, label: container.label })),
  );
  for (const { path, fields, label } of repeated(named, ({ fields }) => text(fields, 'name') || undefined)) {
    yield warning(
      [...path, 'name'],
      `port name ${quoted(text(fields, 'name') ?? '')} of ${label} stands twice; Service Connect needs names of their own`,
    );
  }
  yield* cycles(containers, 'links', ({ fields }) => texts(fields, 'links').map(linked));
  yield* proxy(subject);
}

function* portMapping({ path, fields }: Part, { label }: Container, mode: string): Generator<Finding> {
  const port = number(fields, 'containerPort');
  const host = number(fields, 'hostPort');
  const range = text(fields, 'containerPortRange');
  if (!has(fields, 'containerPort') && !has(fields, 'containerPortRange')) {
    yield error(path, `a port mapping of ${label} has neither containerPort nor containerPortRange`);
  }
  if (port !== undefined && (port < 1 || port > HIGHEST_PORT)) {
    yield error(
      [...path, 'containerPort'],
      `containerPort of ${label} is ${port}; ports go from 1 to ${HIGHEST_PORT}`,
    );
  }
  if (host !== undefined && (host < 0 || host > HIGHEST_PORT)) {
    yield error(
      [...path, 'hostPort'],
      `hostPort of ${label} is ${host}; ports go from 1 to ${HIGHEST_PORT}, and 0 stands for any`,
    );
  } else if (host && port !== undefined && host !== port && (mode === 'awsvpc' || mode === 'host')) {
    yield error(
      [...path, 'hostPort'],
      `hostPort of ${label} is ${host} and its containerPort ${port}; with networkMode "${mode}" they are the same: leave hostPort out`,
    );
  }
  if (range === undefined) return;
  const [, first = Number.NaN, last = Number.NaN] = (/^(\d{1,5})-(\d{1,5})$/.exec(range) ?? []).map(Number);
  const at = [...path, 'containerPortRange'];
  if (!(first >= 1 && first < last && last <= HIGHEST_PORT)) {
    yield error(
      at,
      `containerPortRange of ${label} is ${quoted(range)}; write the first and a higher last port, such as "8000-8010"`,
    );
  }
  if (port !== undefined) {
    yield error(
      at,
      `a port mapping of ${label} has a containerPort and a containerPortRange; keep one of them`,
    );
  }
  if (host !== undefined) {
    yield error(
      [...path, 'hostPort'],
      `hostPort of ${label} does not go with containerPortRange; leave it out`,
    );
  }
  if (mode === 'host') {
    yield error(at, `containerPortRange of ${label} needs networkMode "awsvpc" or "bridge", not "${mode}"`);
  }
}

/** Two containers of a task cannot have the same port of the host; with awsvpc the task is the host. */
function* hostPorts({ containers, networkMode: mode }: Subject): Generator<Finding> {
  const bound = containers.flatMap((container) =>
    parts(container, 'portMappings').map((mapping) => ({ ...mapping, label: container.label })),
  );
  const explicit = ({ fields }: Part) => number(fields, 'hostPort') || undefined;
  for (const mapping of repeated(bound, (item) => keyOf(item.fields, explicit(item)))) {
    const port = explicit(mapping);
    yield error(
      [...mapping.path, 'hostPort'],
      `${protocol(mapping.fields)} port ${port} of the host, which ${mapping.label} maps, is mapped already in this task`,
    );
  }
  if (mode !== 'awsvpc' && mode !== 'host') return;
  const effective = (item: Part) => explicit(item) ?? number(item.fields, 'containerPort');
  const doubles = repeated(bound, (item) => keyOf(item.fields, effective(item)));
  for (const mapping of doubles) {
    const sameSaid = bound.filter((other) => explicit(other) === effective(mapping)).length > 1;
    if (sameSaid) continue;
    yield warning(
      [...mapping.path, 'containerPort'],
      `${protocol(mapping.fields)} port ${effective(mapping)} of ${mapping.label} is mapped already in this task; with networkMode "${mode}" the containers share their ports`,
    );
  }
}

const protocol = (fields: JsonObject): string => (text(fields, 'protocol') ?? 'tcp').toUpperCase();

const keyOf = (fields: JsonObject, port: number | undefined): string | undefined =>
  port === undefined ? undefined : `${protocol(fields)} ${port}`;

function* names({ path, fields, label }: Container, mode: string): Generator<Finding> {
  if (mode !== 'awsvpc') return;
  for (const key of ['hostname', 'extraHosts']) {
    if (has(fields, key)) {
      yield error([...path, key], `${key} of ${label} does not go with networkMode "awsvpc"; leave it out`);
    }
  }
}

function* links(
  container: Container,
  { containers, networkMode: mode, fargate }: Subject,
): Generator<Finding> {
  const { path, fields, label } = container;
  const at = [...path, 'links'];
  // Fargate says it by itself.
  if (has(fields, 'links') && mode !== 'bridge' && !fargate) {
    yield error(
      at,
      `links of ${label} need networkMode "bridge", not "${mode}"; with "awsvpc", containers of a task reach each other at localhost`,
    );
  }
  for (const name of texts(fields, 'links').map(linked)) {
    if (!containers.some((other) => other.name === name)) {
      yield error(at, `${label} links to container ${quoted(name)}, ${missing(name, containers)}`);
    }
  }
}

const linked = (link: string): string => link.split(':')[0] ?? '';

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html */
function* proxy({ definition, containers, networkMode: mode }: Subject): Generator<Finding> {
  const configuration = object(definition, 'proxyConfiguration');
  if (!configuration) return;
  const name = text(configuration, 'containerName');
  if (name !== undefined && !containers.some((container) => container.name === name)) {
    yield error(
      ['proxyConfiguration', 'containerName'],
      `proxyConfiguration names container ${quoted(name)}, ${missing(name, containers)}`,
    );
  }
  if (mode !== 'awsvpc') {
    yield warning(['proxyConfiguration'], `proxyConfiguration needs networkMode "awsvpc", not "${mode}"`);
  }
}
