import { error, type Finding } from './finding.ts';
import { enumerated, has, number, object, parts, quoted, type Subject, text, texts } from './subject.ts';

const LOG_DRIVERS = ['awslogs', 'splunk', 'awsfirelens'];
const OTHER_LOG_DRIVERS = ['fluentd', 'gelf', 'journald', 'json-file', 'syslog'];
const OTHER_MODES = ['bridge', 'host', 'none'];

/**
 * What ECS refuses in a task definition that requires Fargate.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
export function* fargateLimits(subject: Subject): Generator<Finding> {
  const { definition } = subject;
  if (!subject.fargate) {
    const elsewhere = texts(definition, 'requiresCompatibilities');
    if (elsewhere.length > 0 && has(definition, 'ephemeralStorage')) {
      yield error(
        ['ephemeralStorage'],
        `ephemeralStorage is only for Fargate, but requiresCompatibilities is ${enumerated(elsewhere)}; leave it out`,
      );
    }
    return;
  }
  const mode = text(definition, 'networkMode');
  // What is no mode or driver at all is said elsewhere.
  if (mode === undefined || OTHER_MODES.includes(mode)) {
    const is = mode === undefined ? 'is missing' : `is ${quoted(mode)}`;
    yield error(mode === undefined ? [] : ['networkMode'], `networkMode ${is}; Fargate takes only "awsvpc"`);
  }
  const refused = (path: readonly (string | number)[], what: string) =>
    error(path, `${what} is not there on Fargate; leave it out, or run the task on EC2`);
  if (has(definition, 'placementConstraints')) {
    yield refused(['placementConstraints'], 'placementConstraints');
  }
  if (has(definition, 'ipcMode')) yield refused(['ipcMode'], 'ipcMode');
  if (text(definition, 'pidMode') === 'host') {
    yield error(['pidMode'], 'pidMode is "host"; Fargate takes only "task"');
  }
  for (const { path, fields } of parts({ path: [], fields: definition }, 'volumes')) {
    const name = `volume ${quoted(text(fields, 'name') ?? '')}`;
    if (has(object(fields, 'host') ?? {}, 'sourcePath')) {
      yield refused([...path, 'host', 'sourcePath'], `host.sourcePath of ${name}`);
    }
    if (has(fields, 'dockerVolumeConfiguration')) {
      yield refused([...path, 'dockerVolumeConfiguration'], `dockerVolumeConfiguration of ${name}`);
    }
  }
  for (const { path, fields, label } of subject.containers) {
    for (const key of REFUSED) {
      if (has(fields, key) && fields[key] !== false) yield refused([...path, key], `${key} of ${label}`);
    }
    const linux = object(fields, 'linuxParameters') ?? {};
    for (const key of REFUSED_LINUX) {
      if (has(linux, key))
        yield refused([...path, 'linuxParameters', key], `linuxParameters.${key} of ${label}`);
    }
    for (const capability of texts(object(linux, 'capabilities') ?? {}, 'add')) {
      if (capability !== 'SYS_PTRACE') {
        yield error(
          [...path, 'linuxParameters', 'capabilities', 'add'],
          `linuxParameters.capabilities.add of ${label} holds ${quoted(capability)}; Fargate adds only SYS_PTRACE`,
        );
      }
    }
    for (const { path: at, fields: resource } of parts({ path, fields }, 'resourceRequirements')) {
      if (text(resource, 'type') === 'GPU') yield refused(at, `a GPU for ${label}`);
    }
    const driver = text(object(fields, 'logConfiguration') ?? {}, 'logDriver');
    if (driver !== undefined && OTHER_LOG_DRIVERS.includes(driver)) {
      yield error(
        [...path, 'logConfiguration', 'logDriver'],
        `logDriver of ${label} is ${quoted(driver)}; Fargate has ${enumerated(LOG_DRIVERS)}`,
      );
    }
    for (const key of ['startTimeout', 'stopTimeout']) {
      const seconds = number(fields, key);
      if (seconds !== undefined && (seconds < 2 || seconds > 120)) {
        yield error([...path, key], `${key} of ${label} is ${seconds} seconds; Fargate takes 2 to 120`);
      }
    }
  }
}

const REFUSED = [
  'disableNetworking',
  'dnsSearchDomains',
  'dnsServers',
  'dockerSecurityOptions',
  'extraHosts',
  'links',
  'privileged',
];

const REFUSED_LINUX = ['devices', 'maxSwap', 'sharedMemorySize', 'swappiness', 'tmpfs'];
