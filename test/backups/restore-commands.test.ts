import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { restoreCommands } from '../../src/backups/restore-commands.ts';
import type { Source } from '../../src/backups/source.ts';
import { ORDERS, SESSIONS, SHOP, snapshotOf } from './a-source.ts';

/** What a POSIX shell gives to `aws`, command by command. */
function wordsOf(commands: string, env: Record<string, string> = {}): string[][] {
  const script = `aws() { printf '%s\\0' "$@"; printf '\\n\\0'; }\n${commands}`;
  const output = execFileSync('sh', ['-eu', '-c', script], {
    env: { PATH: '/usr/bin:/bin', ...env },
  }).toString();
  const all: string[][] = [[]];
  for (const word of output.split('\0').slice(0, -1)) {
    if (word === '\n') all.push([]);
    else all.at(-1)?.push(word);
  }
  return all.slice(0, -1);
}

/** The words behind an option, up to the next one. */
const valuesOf = (words: readonly string[] = [], option: string): string[] | undefined => {
  const at = words.indexOf(option);
  if (at < 0) return undefined;
  const rest = words.slice(at + 1);
  const end = rest.findIndex((word) => word.startsWith('--'));
  return end < 0 ? rest : rest.slice(0, end);
};

test('an instance comes back beside the old one with its settings, and takes its name when somebody says so', () => {
  const {
    target,
    commands,
    switchOver = '',
    notes,
  } = restoreCommands(ORDERS, snapshotOf(ORDERS, { id: 'orders-1' }));
  expect(target).toBe('orders-restored');
  const [restore, wait, ...none] = wordsOf(commands);
  expect(none).toEqual([]);
  expect(restore?.slice(0, 2)).toEqual(['rds', 'restore-db-instance-from-db-snapshot']);
  expect(valuesOf(restore, '--region')).toEqual(['eu-west-1']);
  expect(valuesOf(restore, '--db-snapshot-identifier')).toEqual(['orders-1']);
  expect(valuesOf(restore, '--db-instance-identifier')).toEqual(['orders-restored']);
  expect(valuesOf(restore, '--vpc-security-group-ids')).toEqual(['sg-1', 'sg-2']);
  expect(valuesOf(restore, '--enable-cloudwatch-logs-exports')).toEqual(['postgresql', 'upgrade']);
  expect(valuesOf(restore, '--db-parameter-group-name')).toEqual(['orders-postgres16']);
  for (const flag of [
    '--multi-az',
    '--no-publicly-accessible',
    '--deletion-protection',
    '--no-auto-minor-version-upgrade',
  ])
    expect(restore).toContain(flag);
  // What every volume of gp3 has cannot be asked for.
  expect(restore).not.toContain('--iops');
  expect(wait?.slice(0, 3)).toEqual(['rds', 'wait', 'db-instance-available']);
  expect(wordsOf(switchOver).map((words) => valuesOf(words, '--new-db-instance-identifier'))).toEqual([
    ['orders-before-restore'],
    undefined,
    ['orders'],
  ]);
  expect(notes).toEqual([]);
});

test('what a restore cannot set is set after it, or left to a person in words', () => {
  const settings = { ...ORDERS.settings, maxStorage: 500, performanceInsights: true, monitoringInterval: 60 };
  const { commands, notes } = restoreCommands({ ...ORDERS, settings } as Source, snapshotOf(ORDERS, {}));
  const modify = wordsOf(commands).at(-1);
  expect(modify?.slice(0, 2)).toEqual(['rds', 'modify-db-instance']);
  expect(valuesOf(modify, '--max-allocated-storage')).toEqual(['500']);
  expect(modify).toContain('--enable-performance-insights');
  expect(notes).toEqual(['Enhanced Monitoring has to be switched on again.']);
});

test('an Aurora cluster gets its instances, the writer first', () => {
  const { commands } = restoreCommands(SHOP, snapshotOf(SHOP, { id: 'shop-1' }));
  const all = wordsOf(commands);
  expect(all.map(([, operation, what]) => (operation === 'wait' ? `wait ${what}` : operation))).toEqual([
    'restore-db-cluster-from-snapshot',
    'wait db-cluster-available',
    'create-db-instance',
    'create-db-instance',
    'wait db-instance-available',
    'wait db-instance-available',
  ]);
  expect(valuesOf(all[0], '--serverless-v2-scaling-configuration')).toEqual([
    'MinCapacity=0.5,MaxCapacity=16',
  ]);
  expect(all[0]).not.toContain('--engine-mode');
  expect(valuesOf(all[2], '--db-instance-identifier')).toEqual(['shop-writer-restored']);
  expect(valuesOf(all[2], '--db-cluster-identifier')).toEqual(['shop-restored']);
});

test('in another region nothing is named that only the first one has', () => {
  const copy = snapshotOf(SHOP, { id: 'shop-1', region: 'eu-central-1' });
  const { commands, notes } = restoreCommands(SHOP, copy);
  const [restore] = wordsOf(commands);
  expect(valuesOf(restore, '--region')).toEqual(['eu-central-1']);
  expect(restore).not.toContain('--db-subnet-group-name');
  expect(restore).not.toContain('--vpc-security-group-ids');
  expect(restore).not.toContain('--db-cluster-parameter-group-name');
  expect(notes[0]).toContain('eu-central-1');
});

test('a replication group gets its shards, and its auth token from whoever knows it', () => {
  const { commands, switchOver, notes } = restoreCommands(
    SESSIONS,
    snapshotOf(SESSIONS, { id: 'sessions-1' }),
  );
  const [create] = wordsOf(commands, { AUTH_TOKEN: 'not in the command' });
  expect(valuesOf(create, '--num-node-groups')).toEqual(['3']);
  expect(valuesOf(create, '--replicas-per-node-group')).toEqual(['2']);
  expect(valuesOf(create, '--auth-token')).toEqual(['not in the command']);
  expect(switchOver).toBeUndefined();
  expect(notes.join(' ')).toContain('AUTH_TOKEN');
});

test('no value can be anything but one word of the shell', () => {
  const nasty = `a'b"c $(touch /tmp/x) \`id\` ; rm -rf * | & > < # \\ ~ !`;
  const settings = {
    ...ORDERS.settings,
    parameterGroup: nasty,
    securityGroups: [nasty, 'sg-2'],
  } as Source['settings'];
  const { commands } = restoreCommands({ ...ORDERS, settings }, snapshotOf(ORDERS, {}));
  const [restore] = wordsOf(commands);
  expect(valuesOf(restore, '--db-parameter-group-name')).toEqual([nasty]);
  expect(valuesOf(restore, '--vpc-security-group-ids')).toEqual([nasty, 'sg-2']);
});
