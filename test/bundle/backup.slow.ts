import { expect, test } from 'vitest';
import type { RunningStep } from '../../src/runner/start-action.ts';
import type { Fault, FaultKind } from '../../src/simulator/faults.ts';
import { type BackupWorld, openBackupWorld } from '../actions/backup/backup-world.ts';

const INPUTS = {
  'db-instances': 'orders',
  'db-clusters': 'shop',
  'replication-groups': 'sessions',
  'serverless-caches': 'quick',
  'copy-to-region': '',
  keep: '1',
  timeout: '24h',
};

/** Two databases and two caches, each with an older backup of the same kind and one that somebody took by hand. */
const open = (
  faults: readonly Fault[],
  finished: (end: () => Promise<void>) => void,
  onKill?: () => void,
): Promise<BackupWorld> =>
  openBackupWorld(
    {
      databases: {
        instances: { orders: {} },
        clusters: { shop: {} },
        snapshots: { 'by-hand': { of: 'orders' }, 'shop-by-hand': { of: 'shop' } },
      },
      caches: {
        replicationGroups: { sessions: {} },
        serverless: { quick: {} },
        snapshots: { 'sessions-by-hand': { of: 'sessions' } },
      },
      faults,
      scale: 1_500,
      lag: 1_000,
      ...(onKill && { onKill }),
    },
    finished,
  );

/** Ids of caches' snapshots. */
const cacheSnapshots = (world: BackupWorld): readonly string[] => [
  ...world
    .ask<{ Snapshots: readonly { SnapshotName: string }[] }>('ElastiCache', 'DescribeSnapshots', {})
    .Snapshots.map(({ SnapshotName }) => SnapshotName),
  ...world
    .ask<{ ServerlessCacheSnapshots: readonly { ServerlessCacheSnapshotName: string }[] }>(
      'ElastiCache',
      'DescribeServerlessCacheSnapshots',
      {},
    )
    .ServerlessCacheSnapshots.map((each) => each.ServerlessCacheSnapshotName),
];

async function expectOneEach(world: BackupWorld): Promise<void> {
  await world.clock.sleep(30_000);
  expect(
    world
      .snapshots()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['by-hand', 'orders-pre-deploy-20260105-1001', 'shop-by-hand', 'shop-pre-deploy-20260105-1001']);
  expect([...cacheSnapshots(world)].sort()).toEqual([
    'quick-pre-deploy-20260105-1001',
    'sessions-by-hand',
    'sessions-pre-deploy-20260105-1001',
  ]);
  expect(world.simulator.bugs).toEqual([]);
}

/** How many calls a backup makes before it only waits, and some of those that wait. */
const CALLS = 22;

test.concurrent.for(Array.from({ length: CALLS }, (_, index) => [index + 1, index % 2 === 0] as const))(
  'a runner that dies at call %i (after its effect: %s) leaves nothing that the next attempt makes twice',
  async ([call, after], { onTestFinished }) => {
    let step: RunningStep | undefined;
    const world = await open([{ kind: 'kill', call, after }], onTestFinished, () =>
      step?.process.kill('SIGKILL'),
    );
    step = world.job().start('backup', INPUTS);
    const died = await step.done;
    expect(died.signal).toBe('SIGKILL');
    const next = await world.job({ GITHUB_RUN_ATTEMPT: '2' }).run('backup', INPUTS);
    expect(next.log).not.toContain('::error');
    expect(next.code).toBe(0);
    await expectOneEach(world);
  },
);

const KINDS: readonly FaultKind[] = ['lost-answer', 'throttle', 'internal-error', 'timeout'];

test.concurrent.for(
  KINDS.flatMap((kind) => Array.from({ length: CALLS / 2 }, (_, index) => [kind, index * 2 + 1] as const)),
)('%s at call %i changes nothing', async ([kind, call], { onTestFinished }) => {
  const world = await open([{ kind, call }], onTestFinished);
  const done = await world.job().run('backup', INPUTS);
  expect(done.log).not.toContain('::error');
  expect(done.code).toBe(0);
  await expectOneEach(world);
});
