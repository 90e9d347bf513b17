import { entryText, type MigrationRecord } from '../../src/migrations/entry.ts';
import { lockParameter } from '../../src/migrations/lock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { START, type TestWorld } from './world.ts';

const DAY = 86_400_000;
export const REPOSITORY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app';
export const DIGEST = `sha256:${'b'.repeat(64)}`;

/**
 * A service that runs web:3. Before it ran web:1; the deployment of web:2, whose image is pinned by its digest, was
 * rolled back by ECS.
 */
const shop = webShop({ images: [`${REPOSITORY}:v1.0.0`, `${REPOSITORY}@${DIGEST}`, `${REPOSITORY}:v3`] });
export const SHOP = {
  scenario: {
    ...shop,
    services: shop.services.map((service) => ({
      ...service,
      taskDefinition: 'web:3',
      history: [
        { taskDefinition: 'web:1', ago: 5 * DAY, status: 'SUCCESSFUL' as const },
        { taskDefinition: 'web:2', ago: 3 * DAY, status: 'ROLLBACK_SUCCESSFUL' as const },
      ],
    })),
    repositories: { app: { 'v1.0.0': `sha256:${'a'.repeat(64)}`, '2.0.0': DIGEST } },
  },
  scale: 60,
};

export const rollback = (world: TestWorld, inputs: Readonly<Record<string, string>> = {}) =>
  world.job().run('rollback', { cluster: 'prod', service: 'web', ...inputs });

/** A migration that ended so many days ago. */
export const migrated = (daysAgo: number, more: Partial<MigrationRecord> = {}): MigrationRecord => ({
  holder: `https://github.com/org/web/actions/runs/${1_000 - daysAgo}/attempts/1`,
  runKey: `key-${daysAgo}`,
  at: START - daysAgo * DAY,
  outcome: 'migrated',
  command: `migration ${daysAgo} days ago`,
  backups: [],
  ...more,
});

/** The shop, whose migrations `migrate` has written down under `prod/web`. */
export const shopWith = (...past: readonly MigrationRecord[]) => shopAs('prod/web', ...past);

/** The shop, whose migrations `migrate` has written down under another name. */
export function shopAs(lock: string, ...past: readonly MigrationRecord[]) {
  const hold = {
    id: 'a1',
    holder: 'https://github.com/org/web/actions/runs/1000/attempts/1',
    runKey: 'key',
    since: START,
    cluster: 'prod',
    startedBy: 'deploy-actions/1000',
    steps: [],
    plan: { command: '', backups: [] },
  };
  const entry = entryText({ id: 'a1', after: '', free: false, hold, past });
  return { ...SHOP, scenario: { ...SHOP.scenario, parameters: { [lockParameter(lock)]: entry } } };
}
