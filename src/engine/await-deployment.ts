import type { Clock } from '../clock.ts';
import { DeployError } from '../errors.ts';
import type { EcsService, Services } from '../ports.ts';
import { formatDuration } from '../rollout/duration.ts';
import { describeStop, isCrash } from '../rollout/judge/evidence.ts';

const LOOK_EVERY_MS = 4_000;

/**
 * Waits until a service runs a revision and nothing else. "Stable" is not enough: a service is stable too after
 * ECS has taken a deployment back.
 *
 * @throws DeployError when the deployment fails, is taken back or replaced, or does not end in time
 */
export async function awaitDeployment(
  services: Services,
  clock: Clock,
  { cluster, name }: EcsService,
  taskDefinition: string,
  timeoutMs: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<EcsService> {
  const started = clock.now();
  let seenOurs = false;
  for (;;) {
    if (signal.aborted) {
      throw new DeployError('cancelled while ECS rolls the revision out', {
        state: `ECS goes on by itself: the service ${name} is set to ${taskDefinition}.`,
      });
    }
    const [service] = await services.describe(cluster, [name]);
    if (!service) throw new DeployError(`the service ${name} is gone`);
    const primary = service.deployments.find((deployment) => deployment.primary);
    const ours = primary?.taskDefinition === taskDefinition;
    seenOurs ||= ours;
    const waited = clock.now() - started;
    if (ours && primary.state === 'failed') throw await failed(primary.reason, services, service);
    const settled = service.deployments.length === 1 && service.running === service.desired;
    if (ours && primary.state === 'completed' && settled) return service;
    // The answer to the update may lag for some seconds; after that, another revision means that it was replaced.
    if (!ours && (seenOurs || waited > 30_000)) {
      throw await failed(`it is set to ${primary?.taskDefinition} now`, services, service);
    }
    if (waited > timeoutMs) {
      throw new DeployError(
        `the service ${name} did not run ${taskDefinition} within ${formatDuration(timeoutMs)}`,
        {
          state: `${service.running} of ${service.desired} tasks are running; ECS goes on by itself. ${service.events[0]?.message ?? ''}`,
          next: 'Look at the events of the service, or run this again with a longer timeout.',
        },
      );
    }
    say(`${service.running} of ${service.desired} tasks running, ${service.deployments.length} deployments`);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function failed(reason: string, services: Services, service: EcsService): Promise<DeployError> {
  const stopped = await services.stopped(service.cluster, service.name, new Set()).catch(() => []);
  const why = stopped.filter(isCrash).slice(0, 3).map(describeStop);
  return new DeployError(`ECS did not roll the revision out: ${[reason, ...why].join('\n')}`, {
    state: `The service ${service.name} is set to ${service.taskDefinition}, ${service.running} of ${service.desired} tasks are running.`,
    next: 'Name another revision in `to`.',
  });
}
