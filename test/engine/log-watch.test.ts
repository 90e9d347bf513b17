import { describe, expect, it } from 'vitest';
import { LogWatch, logStreams } from '../../src/engine/log-watch.ts';
import type { EcsTask, FoundLine, LogSearch } from '../../src/ports.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { parseLogPatterns } from '../../src/watch/log-patterns.ts';
import { problemsOf } from '../rollout/problems-of.ts';

const NOON = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web';
const TASKS: Readonly<Record<string, Pick<EcsTask, 'taskDefinition' | 'startedBy'>>> = {
  new: { taskDefinition: `${ARN}:2`, startedBy: 'ecs-svc/2' },
  old: { taskDefinition: `${ARN}:1`, startedBy: 'ecs-svc/1' },
  migration: { taskDefinition: `${ARN}:2`, startedBy: 'deploy-actions/1' },
};

const line = (id: string, task: string, at = NOON): FoundLine => ({
  id,
  stream: `web/web/${task}`,
  at,
  takenInAt: at,
  text: 'FATAL',
});

/** A watch since noon, on a log that shows these lines. */
function watchOn(known: readonly string[] = Object.keys(TASKS)) {
  const log: FoundLine[] = [];
  const asked: number[] = [];
  const tasks = new Set(known);
  const search: LogSearch = {
    async find({ from, most }) {
      asked.push(from);
      return { lines: log.filter(({ at }) => at >= from).slice(0, most), more: false };
    },
  };
  const describeTasks = async (ids: readonly string[]) =>
    new Map(
      ids.flatMap((id) => {
        const task = tasks.has(id) ? TASKS[id] : undefined;
        return task ? [[`arn:aws:ecs:eu-west-1:111122223333:task/prod/${id}`, task as EcsTask] as const] : [];
      }),
    );
  const watch = new LogWatch(search, describeTasks, {
    streams: [{ container: 'web', region: 'eu-west-1', group: '/ecs/web', streamPrefix: 'web/web/' }],
    patterns: parseLogPatterns('critical: ?FATAL'),
    taskDefinition: `${ARN}:2`,
    since: NOON,
  });
  const found = () => (watch.lines.get('critical') ?? []).map(({ stream, at }) => [stream, at - NOON]);
  return { watch, log, asked, tasks, found };
}

describe('the log of a watched service', () => {
  it('counts each line of a task of the revision once, however often it is found', async () => {
    const { watch, log, found } = watchOn();
    log.push(line('1', 'new'), line('2', 'old'), line('3', 'migration'), line('4', 'new', NOON + 1_000));
    await watch.look(NOON + MINUTE);
    await watch.look(NOON + 2 * MINUTE);
    expect(found()).toEqual([
      ['web/web/new', 0],
      ['web/web/new', 1_000],
    ]);
  });

  it('is asked again for the last five minutes, and never for what was before the watch', async () => {
    const { watch, asked } = watchOn();
    for (const minute of [1, 4, 10, 11]) await watch.look(NOON + minute * MINUTE);
    expect(asked.map((from) => (from - NOON) / MINUTE)).toEqual([0, 0, 0, 5]);
  });

  it('takes a task for one of the revision as soon as ECS knows it', async () => {
    const { watch, log, tasks, found } = watchOn([]);
    log.push(line('1', 'new'));
    await watch.look(NOON + MINUTE);
    expect(found()).toEqual([]);
    tasks.add('new');
    await watch.look(NOON + 2 * MINUTE);
    expect(found()).toEqual([['web/web/new', 0]]);
  });
});

describe('where the containers of a service log to', () => {
  const container = (name: string, options: Record<string, string>) => ({
    name,
    logConfiguration: { logDriver: 'awslogs', options },
  });
  const definition = (...containers: ReturnType<typeof container>[]): TaskDefinition => ({
    family: 'web',
    containerDefinitions: containers,
  });

  it('is told by the task definition', () => {
    const web = container('web', { 'awslogs-group': '/ecs/web', 'awslogs-stream-prefix': 'web' });
    const proxy = container('proxy', { 'awslogs-group': '/ecs/proxy' });
    expect(logStreams(definition(web, proxy), 'eu-west-1')).toEqual({
      streams: [{ container: 'web', region: 'eu-west-1', group: '/ecs/web', streamPrefix: 'web/web/' }],
      notes: [
        'Container proxy logs without awslogs-stream-prefix, so the streams of its tasks cannot be told apart.',
      ],
    });
  });

  it('has to be a place that can be searched', () => {
    expect(problemsOf(() => logStreams(definition(container('web', {})), 'eu-west-1')).join()).toContain(
      'log-patterns: no container of the service has a log that can be searched: Container web logs through awslogs without an awslogs-group.',
    );
  });
});
