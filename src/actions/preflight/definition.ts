import { isUnseen, skip } from '../../preflight/finding.ts';
import { checkHealthChecks } from '../../preflight/health-check.ts';
import { checkArchitecture, checkImages, platformOf } from '../../preflight/images.ts';
import { type ContainerLog, checkLogs, groupKey } from '../../preflight/logs.ts';
import { checkScans } from '../../preflight/scan.ts';
import { checkDefinition } from '../../preflight/task-definition.ts';
import { type ContainerDefinition, isObject, type TaskDefinition } from '../../taskdef/definition.ts';
import { otherImages } from './images.ts';
import type { Observer } from './look.ts';
import { seen } from './seen.ts';

export const observeDefinition: Observer = async ({ definition, service }) => {
  const [produced, found] = await Promise.all([definition(), seen(service())]);
  const { origin, registered } = produced;
  // What is missing there is told by the check of health checks.
  const findings = produced.findings.filter(({ message }) => !/ has a port but no healthCheck/.test(message));
  return checkDefinition(
    { origin, active: registered?.active ?? true, faults: findings, definition: produced.definition },
    isUnseen(found) ? [] : found.loadBalancers,
  );
};

export const observeImages: Observer = async ({ images, definition }) => {
  const [found, { definition: wanted }] = await Promise.all([images(), definition()]);
  return checkImages(
    found.map(({ facts }) => facts),
    otherImages(wanted),
  );
};

export const observeArchitecture: Observer = async ({ images, definition }) => {
  const [found, { definition: wanted }] = await Promise.all([images(), definition()]);
  const looked = found.flatMap(({ facts, platforms }) =>
    platforms ? [{ container: facts.container, asked: platforms() }] : [],
  );
  const known = looked.map(async ({ container, asked }) => ({ container, platforms: await asked }));
  return checkArchitecture(await Promise.all(known), platformOf(wanted));
};

export const observeScans: Observer = async ({ images, inputs, context }) => {
  const { scan: rules } = inputs;
  if (rules.failOn === 'none') return checkScans([], rules, context.clock.now());
  const looked = (await images()).flatMap(({ facts, scan }) =>
    scan ? [{ container: facts.container, asked: scan() }] : [],
  );
  const scans = looked.map(async ({ container, asked }) => ({ container, scan: await asked }));
  return checkScans(await Promise.all(scans), rules, context.clock.now());
};

export const observeLogs: Observer = async ({ definition, ports }) => {
  const logs = (await definition()).definition.containerDefinitions.map(logOf);
  const wanted = new Map(
    logs.flatMap(({ driver, group, region }) =>
      driver === 'awslogs' && group !== undefined
        ? [[groupKey(group, region), { group, region }] as const]
        : [],
    ),
  );
  const exists = [...wanted].map(
    async ([key, { group, region }]) =>
      [key, await seen((await ports.logGroups()).exists(group, region))] as const,
  );
  return checkLogs(logs, new Map(await Promise.all(exists)));
};

function logOf({ name: container, logConfiguration }: ContainerDefinition): ContainerLog {
  const driver = logConfiguration?.['logDriver'];
  const options = logConfiguration?.['options'];
  const option = (name: string): string | undefined => {
    const value = isObject(options) ? options[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    container,
    driver: typeof driver === 'string' ? driver : undefined,
    group: option('awslogs-group'),
    region: option('awslogs-region'),
    creates: option('awslogs-create-group') === 'true',
  };
}

export const observeHealthChecks: Observer = async ({ definition, service, targetGroups, ports }) => {
  const [{ definition: wanted }, { loadBalancers }, groups] = await Promise.all([
    definition(),
    service(),
    seen(targetGroups()),
  ]);
  const containers = watched(
    wanted,
    loadBalancers.map(({ containerName }) => containerName),
  ).map(({ name, healthCheck }) => ({ container: name, configured: healthCheck !== undefined }));
  if (isUnseen(groups))
    return checkHealthChecks(containers, [{ name: 'of the service', healthCheck: groups }]);
  const traffic = groups.length === 0 ? undefined : await ports.traffic();
  const asked = groups.map(async ({ arn, name }) => {
    const healthCheck = await seen(traffic?.healthCheck(arn) ?? Promise.resolve(undefined));
    return healthCheck ? [{ name, healthCheck }] : [];
  });
  const findings = checkHealthChecks(containers, (await Promise.all(asked)).flat());
  return findings.length > 0 ? findings : [skip('health-check', 'there is nothing to look at')];
};

/** Those that answer requests; without a load balancer, those whose end is the task's. */
function watched(
  { containerDefinitions }: TaskDefinition,
  behind: readonly string[],
): readonly ContainerDefinition[] {
  return containerDefinitions.filter((container) =>
    behind.length > 0 ? behind.includes(container.name) : container['essential'] !== false,
  );
}
