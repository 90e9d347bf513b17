import { missing } from './containers.ts';
import { error, type Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import {
  has,
  isTrue,
  number,
  object,
  type Part,
  parts,
  quoted,
  repeated,
  type Subject,
  text,
} from './subject.ts';

const KINDS = [
  'host',
  'dockerVolumeConfiguration',
  'efsVolumeConfiguration',
  's3filesVolumeConfiguration',
  'fsxWindowsFileServerVolumeConfiguration',
  'configuredAtLaunch',
];

/** Volumes, where they are mounted, and the storage of the task itself. */
export function* storageRules({ definition, containers }: Subject): Generator<Finding> {
  const volumes = parts({ path: [], fields: definition }, 'volumes');
  const names = volumes.map(({ fields }) => text(fields, 'name') ?? '');
  for (const volume of volumes) yield* volumeRules(volume);
  for (const { path, fields } of repeated(volumes, ({ fields }) => text(fields, 'name') || undefined)) {
    yield error(
      [...path, 'name'],
      `volume ${quoted(text(fields, 'name') ?? '')} stands twice; give it another name`,
    );
  }
  const atLaunch = volumes.filter(({ fields }) => isTrue(fields, 'configuredAtLaunch'));
  if (atLaunch.length > 1) {
    yield error(['volumes'], `${atLaunch.length} volumes are configuredAtLaunch; ECS takes one`);
  }
  for (const container of containers) {
    const mounts = parts(container, 'mountPoints');
    for (const { path, fields } of mounts) {
      const name = text(fields, 'sourceVolume') ?? '';
      if (names.includes(name) && name !== '') continue;
      if (name === '') {
        yield error(path, `a mount point of ${container.label} has no sourceVolume; name one of volumes`);
        continue;
      }
      const near = nearest(name, names);
      const fix = near === undefined ? 'add it to volumes of the task' : `did you mean ${quoted(near)}?`;
      yield error(
        [...path, 'sourceVolume'],
        `${container.label} mounts volume ${quoted(name)}, which is not there; ${fix}`,
      );
    }
    for (const { path, fields } of repeated(
      mounts,
      ({ fields }) => text(fields, 'containerPath') || undefined,
    )) {
      yield error(
        [...path, 'containerPath'],
        `${container.label} mounts two volumes at ${quoted(text(fields, 'containerPath') ?? '')}`,
      );
    }
    for (const { path, fields } of parts(container, 'volumesFrom')) {
      const name = text(fields, 'sourceContainer') ?? '';
      const at = [...path, 'sourceContainer'];
      if (name === container.name) yield error(at, `${container.label} takes volumes from itself`);
      else if (!containers.some((other) => other.name === name)) {
        yield error(
          at,
          `${container.label} takes volumes from container ${quoted(name)}, ${missing(name, containers)}`,
        );
      }
    }
  }
  const size = number(object(definition, 'ephemeralStorage') ?? {}, 'sizeInGiB');
  if (size !== undefined && (size < 21 || size > 200)) {
    yield error(
      ['ephemeralStorage', 'sizeInGiB'],
      `ephemeralStorage.sizeInGiB is ${size}; Fargate takes 21 to 200, and has 20 without it`,
    );
  }
}

function* volumeRules({ path, fields }: Part): Generator<Finding> {
  const name = text(fields, 'name') ?? '';
  const label = name ? `volume ${quoted(name)}` : `volume ${Number(path.at(-1)) + 1}`;
  if (name === '') yield error(path, `the name of ${label} is missing; mount points name it`);
  else if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    yield error(
      [...path, 'name'],
      `${label} has a name that ECS does not take: up to 255 letters, digits, hyphens and underscores`,
    );
  }
  const kinds = KINDS.filter((kind) =>
    kind === 'configuredAtLaunch' ? isTrue(fields, kind) : has(fields, kind),
  );
  if (kinds.length > 1)
    yield error(path, `${label} is of several kinds, ${kinds.join(' and ')}; keep one of them`);

  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html
  const efs = object(fields, 'efsVolumeConfiguration');
  if (!efs) return;
  const authorization = object(efs, 'authorizationConfig') ?? {};
  const accessPoint = has(authorization, 'accessPointId');
  const root = text(efs, 'rootDirectory');
  if (accessPoint && root && root !== '/') {
    yield error(
      [...path, 'efsVolumeConfiguration', 'rootDirectory'],
      `rootDirectory of ${label} is ${quoted(root)}, but its access point has a root of its own; leave it out`,
    );
  }
  const iam = text(authorization, 'iam') === 'ENABLED';
  if ((accessPoint || iam) && text(efs, 'transitEncryption') !== 'ENABLED') {
    const what = accessPoint ? 'an access point' : 'IAM authorization';
    yield error(
      [...path, 'efsVolumeConfiguration'],
      `${label} has ${what}, which needs "transitEncryption": "ENABLED"`,
    );
  }
}
