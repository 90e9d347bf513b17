import { describe, expect, it } from 'vitest';
import { LifeTimes } from '../../src/engine/life-times.ts';
import type { EcsService } from '../../src/ports.ts';
import type { StoppedTask } from '../../src/rollout/judge/evidence.ts';
import { soundService } from './sound-service.ts';

const NOON = Date.UTC(2026, 0, 5, 12);

const service = (name: string, running: number, event: string, desired = running): EcsService =>
  soundService({ name, running, desired, events: [{ id: event, at: NOON, message: '' }] });

const stopped = (id: string, stopCode = 'EssentialContainerExited'): StoppedTask => ({
  arn: `arn:aws:ecs:eu-west-1:111122223333:task/prod/${id}`,
  startedBy: 'ecs-svc/1',
  stopCode,
  reason: '',
  stoppedAt: NOON,
  containers: [],
});

/** ECS as it tells of stopped tasks, and how often it was asked. */
function ecs(tasks: StoppedTask[]) {
  const asked: string[] = [];
  const services = {
    stopped: async (_: string, name: string, known: ReadonlySet<string>) => {
      asked.push(name);
      return tasks.filter(({ arn }) => !known.has(arn));
    },
  };
  return { services, asked };
}

describe('life times', () => {
  it('begin with the hour of which ECS still tells, and grow with the running tasks', async () => {
    const { services } = ecs([]);
    const stable = service('web', 4, 'e1');
    const lives = new LifeTimes(services, stable);
    await lives.look(stable, undefined, NOON);
    expect(lives.known).toEqual({
      since: NOON,
      canaryTaskMinutes: 0,
      stableTaskMinutes: 240,
      stableCrashes: [],
    });
    await lives.look(stable, service('web-canary', 2, 'c1'), NOON + 60_000);
    await lives.look(stable, service('web-canary', 3, 'c1'), NOON + 120_000);
    expect(lives.known).toEqual({
      since: NOON,
      canaryTaskMinutes: 5,
      stableTaskMinutes: 248,
      stableCrashes: [],
    });
  });

  it('count crashes of stable once, and not what was stopped by others', async () => {
    const tasks = [stopped('a'), stopped('b', 'ServiceSchedulerInitiated')];
    const { services } = ecs(tasks);
    const stable = service('web', 4, 'e1');
    const lives = new LifeTimes(services, stable);
    await lives.look(stable, undefined, NOON);
    tasks.push(stopped('c'));
    await lives.look(service('web', 4, 'e2'), undefined, NOON + 60_000);
    await lives.look(service('web', 4, 'e3'), undefined, NOON + 120_000);
    expect(lives.known.stableCrashes.map(({ arn }) => arn.at(-1))).toEqual(['a', 'c']);
  });

  it('are asked for only when something has happened to the tasks', async () => {
    const { services, asked } = ecs([]);
    const stable = service('web', 4, 'e1');
    const lives = new LifeTimes(services, stable);
    for (let look = 0; look < 5; look++) await lives.look(stable, undefined, NOON + look * 20_000);
    expect(asked).toHaveLength(1);
    await lives.look(service('web', 3, 'e1', 4), undefined, NOON + 120_000);
    expect(asked).toHaveLength(2);
  });
});
