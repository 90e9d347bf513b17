import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { restoreCommands } from '../../src/backups/restore-commands.ts';
import type { Source } from '../../src/backups/source.ts';
import { BESIDE, ORDERS, SESSIONS, SHOP, snapshotOf } from './a-source.ts';

/** What a POSIX shell gives to `aws`, command by command. */
function wordsOf(commands: string, env: Record<string, string> = {}): string[][] {
  // What looks whether something is there has its output thrown away.
  const script = `exec 3>&1; aws() { printf '%s\\0' "$@" >&3; printf '\\n\\0' >&3; }\n${commands}`;
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
  const { target, commands, switchOver } = restoreCommands(ORDERS, snapshotOf(ORDERS, { id: 'orders-1' }));
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
  const steps = wordsOf(switchOver?.commands ?? '').map((words) => [
    words[1] === 'wait' ? 'wait' : words[1],
    ...(valuesOf(words, '--db-instance-identifier') ?? []),
    ...(valuesOf(words, '--new-db-instance-identifier') ?? []),
  ]);
  expect(steps).toEqual([
    ['wait', 'orders-restored'],
    ['modify-db-instance', 'orders', 'orders-before-restore'],
    ['describe-db-instances', 'orders-before-restore'],
    ['wait', 'orders-before-restore'],
    ['modify-db-instance', 'orders-restored', 'orders'],
    ['describe-db-instances', 'orders'],
    ['wait', 'orders'],
  ]);
});

/** Calls until the end, with a command line that answers some calls with an error. */
function callsWhen(
  commands: string,
  fails: string,
): { readonly calls: readonly string[]; readonly code: number } {
  const script = `exec 3>&1; sleep() { :; }
aws() { echo "$2 $3 $*" >&3; case "$*" in ${fails}) return 255;; esac; }
${commands}
echo "code $?" >&3`;
  const lines = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  return { calls: lines.slice(0, -1), code: Number(lines.at(-1)?.split(' ')[1]) };
}

test('renames stop at what fails, and do not go on for ever', () => {
  const { commands: swap, last } = restoreCommands(ORDERS, snapshotOf(ORDERS, {})).switchOver ?? {
    commands: '',
    last: '',
  };
  const modifies = (calls: readonly string[]) => calls.filter((call) => call.startsWith('modify'));
  const notThere = callsWhen(swap, '*wait*orders-restored*');
  expect(notThere.code).not.toBe(0);
  expect(notThere.calls).toHaveLength(4);
  expect(modifies(notThere.calls)).toEqual([]);
  const refused = callsWhen(swap, '*--new-db-instance-identifier?orders-before-restore*');
  expect(refused.code).not.toBe(0);
  expect(modifies(refused.calls)).toHaveLength(1);
  expect(refused.calls.at(-1)).toMatch(/^modify/);
  // A new name that never shows.
  const lost = callsWhen(swap, '*?--db-instance-identifier?orders-before-restore*');
  expect(lost.code).not.toBe(0);
  expect(modifies(lost.calls)).toHaveLength(1);
  expect(lost.calls).toHaveLength(1 + 1 + 60 + 4);
  expect(callsWhen(swap, 'nothing').code).toBe(0);
  expect(swap).toContain(last);
});

test('what is slow at first is said, and Aurora is not', () => {
  const notes = (source: Source) => restoreCommands(source, snapshotOf(source, {})).notes.join('\n');
  expect(notes(ORDERS)).toContain('loads its data from S3');
  expect(notes(SHOP)).not.toContain('loads its data from S3');
});

test('nothing is done after a restore that AWS refuses', () => {
  const { commands } = restoreCommands(SHOP, snapshotOf(SHOP, {}));
  const { calls, code } = callsWhen(commands, '*restore-db*');
  expect(code).not.toBe(0);
  expect(calls).toHaveLength(1);
});

test('the old one is named with what it costs and how it goes, and no command deletes it', () => {
  for (const source of [ORDERS, SHOP]) {
    const { switchOver, commands } = restoreCommands(source, snapshotOf(source, {}));
    const told = switchOver?.notes.join('\n') ?? '';
    expect(told).toMatch(
      new RegExp(`${source.id}-before-restore.* cost.* protected.*deletion protection off`),
    );
    expect(`${commands}${switchOver?.commands}${told}`).not.toMatch(
      /aws \S+ delete-|--no-deletion-protection/,
    );
  }
});

test('what no snapshot holds is set after the restore', () => {
  const settings = { ...ORDERS.settings, ...BESIDE, maxStorage: 500 };
  const { commands, notes } = restoreCommands({ ...ORDERS, settings } as Source, snapshotOf(ORDERS, {}));
  const all = wordsOf(commands);
  expect(all.map(([, operation]) => operation)).toEqual([
    'restore-db-instance-from-db-snapshot',
    'wait',
    'add-role-to-db-instance',
    'add-role-to-db-instance',
    'modify-db-instance',
    'wait',
  ]);
  expect(JSON.parse(valuesOf(all[0], '--tags')?.join(' ') ?? '')).toEqual([
    { Key: 'team', Value: 'shop' },
    { Key: 'cost centre', Value: 'a=b: 4711' },
  ]);
  expect(valuesOf(all[0], '--engine-lifecycle-support')).toEqual([
    'open-source-rds-extended-support-disabled',
  ]);
  expect(all.slice(2, 4).map((words) => valuesOf(words, '--feature-name'))).toEqual([
    ['s3Import'],
    ['s3Export'],
  ]);
  const modify = all[4];
  expect(modify).toContain('--manage-master-user-password');
  for (const [option, value] of [
    ['--max-allocated-storage', '500'],
    ['--master-user-secret-kms-key-id', 'alias/secrets'],
    ['--backup-retention-period', '14'],
    ['--preferred-backup-window', '02:00-02:30'],
    ['--preferred-maintenance-window', 'sun:04:00-sun:04:30'],
    ['--monitoring-interval', '60'],
    ['--monitoring-role-arn', 'arn:aws:iam::123456789012:role/monitoring'],
    ['--performance-insights-retention-period', '465'],
    ['--database-insights-mode', 'advanced'],
  ] as const) {
    expect(valuesOf(modify, option)).toEqual([value]);
  }
  expect(notes.join('\n')).toMatch(/new secret of Secrets Manager.*new ARN/);
});

test.each([
  [
    { replicas: ['orders-r1', 'orders-r2'] },
    /read replicas orders-r1, orders-r2 go on following the old one/,
  ],
  [{ replicaOf: 'ledger' }, /orders is a replica of ledger; what is restored follows nothing/],
  [{ iamAuthentication: true }, /rds-db:connect.* db-1; the restored one has another/],
  [{ activityStream: true }, /activity stream/],
  [{ stack: 'Data' }, /CloudFormation stack Data/],
  [{ ownDirectory: true }, /Active Directory/],
  [{ backupCopies: ['arn'] }, /automated backups to another region/],
  [{ monitoring: { interval: 60, performanceInsights: false } }, /Enhanced Monitoring/],
])('what no command carries is said: %j', (given, words) => {
  const noted = (settings: object) =>
    restoreCommands(
      {
        ...ORDERS,
        settings: { ...ORDERS.settings, iamAuthentication: false, ...settings } as Source['settings'],
      },
      snapshotOf(ORDERS, {}),
    ).notes.join('\n');
  expect(noted(given)).toMatch(words);
  expect(noted({})).not.toMatch(words);
});

test.each([
  [{ globalCluster: 'world' }, /global database world/],
  [{ customEndpoints: ['reports'] }, /custom endpoints.*: reports/],
  [{ dataApi: true }, /enable-http-endpoint/],
])('of a cluster too: %j', (given, words) => {
  const noted = (settings: object) =>
    restoreCommands(
      { ...SHOP, settings: { ...SHOP.settings, ...settings } as Source['settings'] },
      snapshotOf(SHOP, {}),
    ).notes.join('\n');
  expect(noted(given)).toMatch(words);
  expect(noted({})).not.toMatch(words);
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
  const { target, commands, notes } = restoreCommands(SHOP, copy);
  const [restore] = wordsOf(commands);
  expect(target).toBe('shop-restored');
  expect(valuesOf(restore, '--region')).toEqual(['eu-central-1']);
  expect(restore).not.toContain('--db-subnet-group-name');
  expect(restore).not.toContain('--vpc-security-group-ids');
  expect(restore).not.toContain('--db-cluster-parameter-group-name');
  expect(notes[0]).toMatch(
    /--db-subnet-group-name \(private\), --vpc-security-group-ids \(sg-1\), --db-cluster-parameter-group-name \(shop-16\).*eu-central-1/,
  );
});

test('in another region nothing is renamed: clients get the new endpoint', () => {
  for (const source of [ORDERS, SHOP]) {
    const settings = { ...source.settings, ...BESIDE } as Source['settings'];
    const copy = snapshotOf(source, { region: 'eu-central-1' });
    const { commands, switchOver, notes } = restoreCommands({ ...source, settings }, copy);
    expect(switchOver).toBeUndefined();
    expect(commands).not.toMatch(/--new-db-|alias\//);
    expect(notes.join('\n')).toMatch(/endpoint of its own in eu-central-1, .*: point clients at that/);
    expect(wordsOf(commands).at(-1)?.join(' ')).toMatch(/describe-db-.*restored --query .*Endpoint/);
    expect(commands).toContain(`identifier ${source.id}-restored`);
  }
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
