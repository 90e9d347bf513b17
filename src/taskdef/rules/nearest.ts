import { closestMatch } from 'leven';

/** What people write for a field whose name is not like it, by the name in small letters without `_` and `-`. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  args: ['command'],
  arch: ['cpuArchitecture'],
  architecture: ['cpuArchitecture'],
  cmd: ['command'],
  container: ['containerName', 'sourceContainer'],
  containername: ['sourceContainer'],
  containers: ['containerDefinitions'],
  destination: ['containerPath'],
  driver: ['logDriver'],
  efs: ['efsVolumeConfiguration'],
  env: ['environment'],
  envfile: ['environmentFiles'],
  envfiles: ['environmentFiles'],
  environmentvariables: ['environment'],
  envs: ['environment'],
  envvars: ['environment'],
  executionrole: ['executionRoleArn'],
  from: ['valueFrom', 'sourceContainer'],
  key: ['name'],
  labels: ['dockerLabels'],
  launchtype: ['requiresCompatibilities'],
  log: ['logConfiguration'],
  logging: ['logConfiguration'],
  logs: ['logConfiguration'],
  memorylimit: ['memory'],
  memorymib: ['memory'],
  memlimit: ['memory'],
  memorylimitmib: ['memory'],
  mounts: ['mountPoints'],
  operatingsystem: ['operatingSystemFamily'],
  os: ['operatingSystemFamily'],
  osfamily: ['operatingSystemFamily'],
  path: ['containerPath', 'sourcePath'],
  platform: ['runtimePlatform'],
  port: ['containerPort'],
  ports: ['portMappings'],
  registrycredentials: ['repositoryCredentials'],
  role: ['taskRoleArn'],
  rolearn: ['taskRoleArn'],
  secret: ['secrets'],
  size: ['sizeInGiB'],
  source: ['sourceVolume'],
  target: ['containerPath', 'containerPort'],
  targetport: ['containerPort'],
  taskrole: ['taskRoleArn'],
  test: ['command'],
  value: ['valueFrom'],
  valuefrom: ['value'],
  variables: ['environment'],
  volume: ['sourceVolume', 'volumes'],
  volumes: ['mountPoints'],
  workdir: ['workingDirectory'],
};

const plain = (word: string): string => word.toLowerCase().replace(/[_\s-]/g, '');

/**
 * The word that was probably meant: one that differs only in capitals, `_` or `-`, one that people write in its place,
 * or one that is a few slips of the keyboard away.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const given = plain(word);
  const same = known.find((candidate) => plain(candidate) === given);
  if (same !== undefined) return same;
  const other = Object.hasOwn(OTHER_WORDS, given)
    ? OTHER_WORDS[given]?.find((name) => known.includes(name))
    : undefined;
  if (other !== undefined) return other;
  // Few slips in a short word, or it would be taken for another short word; two letters in the wrong order are one slip.
  const slips = Math.min(3, Math.floor(given.length / 4));
  const match = (maxDistance: number, candidates: readonly string[]): string | undefined => {
    const found = maxDistance > 0 ? closestMatch(given, candidates.map(plain), { maxDistance }) : undefined;
    return candidates.find((candidate) => plain(candidate) === found);
  };
  return (
    match(slips, known) ??
    match(
      2,
      known.filter((candidate) => letters(plain(candidate)) === letters(given)),
    )
  );
}

const letters = (word: string): string => [...word].sort().join('');
