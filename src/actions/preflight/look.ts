import { ConfigError } from '../../errors.ts';
import { CHECKS, type CheckName } from '../../preflight/checks.ts';
import { type Finding, fail, skip, warn } from '../../preflight/finding.ts';
import { observeCapacity } from './capacity.ts';
import {
  observeArchitecture,
  observeDefinition,
  observeHealthChecks,
  observeImages,
  observeLogs,
  observeScans,
} from './definition.ts';
import { observeNetwork } from './network.ts';
import { observePermissions } from './permissions.ts';
import { observeExecutionRole, observeSecrets } from './secrets.ts';
import { NotThere, unseenBy } from './seen.ts';
import {
  observeAlarms,
  observeBackups,
  observeCircuitBreaker,
  observeMigrations,
  observeService,
} from './service.ts';
import type { World } from './world.ts';

/** Finds out what a check needs to know, and lets it judge. */
export type Observer = (world: World) => Promise<readonly Finding[]>;

/** All but the calendar, which asks nobody. */
const OBSERVERS: Readonly<Record<Exclude<CheckName, 'freeze'>, Observer>> = {
  service: observeService,
  'task-definition': observeDefinition,
  image: observeImages,
  architecture: observeArchitecture,
  scan: observeScans,
  secrets: observeSecrets,
  'execution-role': observeExecutionRole,
  logs: observeLogs,
  network: observeNetwork,
  'health-check': observeHealthChecks,
  'circuit-breaker': observeCircuitBreaker,
  alarms: observeAlarms,
  backup: observeBackups,
  migrations: observeMigrations,
  capacity: observeCapacity,
  permissions: observePermissions,
};

/**
 * Makes all checks that are not off, side by side.
 *
 * @throws what no warning may hide: credentials that AWS does not take, and defects of ours
 */
export async function lookAtAll(world: World): Promise<readonly Finding[]> {
  const wanted = CHECKS.filter((check) => check !== 'freeze').filter(
    (check) => world.inputs.settings.get(check) !== 'off',
  );
  return (await Promise.all(wanted.map((check) => looked(check, OBSERVERS[check], world)))).flat();
}

async function looked(check: CheckName, observe: Observer, world: World): Promise<readonly Finding[]> {
  try {
    return await observe(world);
  } catch (error) {
    if (world.context.cancelled.aborted) throw error;
    if (error instanceof NotThere) {
      if (error.check !== check) return [skip(check, `not looked at: see ${error.check}`)];
      return error.found.map(({ what, fix }) => fail(check, what, fix));
    }
    const why = error instanceof ConfigError ? undefined : unseenBy(error);
    if (!why) throw error;
    return [warn(check, `not looked at: ${why.unseen}`, why.fix)];
  }
}
