import { nameIn } from '../../arn.ts';
import type { Snapshot } from '../../backups/source.ts';
import { holderOf, isFormerAttempt } from '../../github/run-identity.ts';
import { brokenOff, LEASE_MS, readJournal } from '../../migrations/journal.ts';
import { lockParameter } from '../../migrations/lock.ts';
import { checkAlarms } from '../../preflight/alarms.ts';
import { checkBackups } from '../../preflight/backup.ts';
import { checkCircuitBreaker } from '../../preflight/circuit-breaker.ts';
import { isUnseen, skip, unseen } from '../../preflight/finding.ts';
import { checkMigrations, type MigrationFacts } from '../../preflight/migrations.ts';
import { checkService, type ServiceFacts } from '../../preflight/service.ts';
import { revision } from '../../report/narrate.ts';
import type { Observer } from './look.ts';
import { seen } from './seen.ts';

export const observeService: Observer = async ({ service, ledger, context }) => {
  const [found, kept] = await Promise.all([service(), seen(ledger())]);
  const own = holderOf(context.env);
  const facts: ServiceFacts = {
    ...found,
    deployments: found.deployments.map(({ primary, taskDefinition, state }) => ({
      primary,
      state,
      revision: revision(taskDefinition),
    })),
    lastEvent: found.events[0]?.message,
    rollout:
      isUnseen(kept) || !kept
        ? undefined
        : { ...kept, to: revision(kept.to), own: kept.holder === own || isFormerAttempt(kept.holder, own) },
  };
  const findings = checkService(facts, context.clock.now());
  return isUnseen(kept) ? [...findings, unseen('service', 'whether a rollout is under way', kept)] : findings;
};

export const observeCircuitBreaker: Observer = async ({ service }) => {
  const found = await service();
  const { safeguards } = found;
  if (!safeguards) return [skip('circuit-breaker', `${found.name} has no deployment configuration`)];
  const { circuitBreaker, ...percents } = safeguards;
  return checkCircuitBreaker(found, { ...circuitBreaker, ...percents });
};

export const observeAlarms: Observer = async ({ inputs, ports }) =>
  checkAlarms(
    inputs.alarms,
    inputs.alarms.length === 0 ? [] : await (await ports.metrics()).alarms(inputs.alarms),
  );

export const observeBackups: Observer = async ({ inputs, ports, context }) => {
  const facts = inputs.backups.map(async ({ kind, id }) => {
    const snapshots = await ports.snapshots(kind);
    const newest = await seen(snapshots.of(id).then((all) => ({ snapshot: newestOf(all) })));
    return { kind, id, newest };
  });
  return checkBackups(await Promise.all(facts), inputs.backupMaxAgeMs, context.clock.now());
};

function newestOf(snapshots: readonly Snapshot[]) {
  const [newest] = snapshots
    .flatMap(({ id, status, beganAt, manual }) =>
      status === 'available' && beganAt !== undefined ? [{ id, at: beganAt, manual }] : [],
    )
    .toSorted((a, b) => b.at - a.at);
  return newest;
}

export const observeMigrations: Observer = async ({ inputs, ports, context }) => {
  const lock = inputs.lock ?? `${nameIn(inputs.cluster)}/${inputs.service}`;
  const versions = await (await ports.parameters()).history(lockParameter(lock));
  const { last, unclear } = readJournal(versions);
  const now = context.clock.now();
  const alive = last !== undefined && !last.free && now < last.at + LEASE_MS;
  const ended = last && (last.free ? last.record : alive ? undefined : brokenOff(last));
  const facts: MigrationFacts = {
    lock,
    known: versions.length > 0,
    unclear,
    held:
      last && !last.free
        ? {
            holder: last.hold.holder,
            command: last.hold.plan.command,
            since: last.hold.since,
            alive,
            own: isFormerAttempt(last.hold.holder, holderOf(context.env)),
          }
        : undefined,
    last: ended ?? last?.past[0],
  };
  return checkMigrations(facts, now);
};
