import type { EcsTask } from '../ports.ts';

/** `90 s`, `12 min`, `1 h 30 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
}

const clockTime = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/**
 * What a task does now, in words; the same words as long as nothing has changed.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export function phaseOf({ status, containers, startedAt }: EcsTask, container: string): string {
  const own = containers.find(({ name }) => name === container);
  if (own?.status === 'RUNNING') {
    return `runs${startedAt === undefined ? '' : ` since ${clockTime(startedAt)}`}`;
  }
  switch (status) {
    case 'PROVISIONING':
      return 'is provisioned: ECS finds room and a network interface for it';
    case 'PENDING':
    case 'ACTIVATING':
      return 'pulls its images and starts its containers';
    case 'RUNNING':
      return own?.status === 'STOPPED' ? 'goes on without its container' : 'starts its container';
    case 'STOPPED':
      return 'has stopped';
    default:
      return 'stops';
  }
}
