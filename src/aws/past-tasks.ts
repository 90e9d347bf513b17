import {
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  ECSClient,
  ListTasksCommand,
  type ListTasksCommandOutput,
} from '@aws-sdk/client-ecs';
import type { EcsTask, PastTasks } from '../ports.ts';
import { type Connection, call, clientSettings } from './connection.ts';
import { taskOf } from './tasks.ts';

/** A service that restarts its tasks again and again leaves more than anybody wants to see. */
const LOOKED_AT = 300;

/** Tasks by their revision. Permissions: ecs:ListTasks, ecs:DescribeTasks. */
export function pastTasks(connection: Connection): PastTasks {
  const client = new ECSClient(clientSettings(connection));
  const send = <Output>(command: object) => call<Output>(connection, 'ecs', client, command);

  async function list(cluster: string, family: string, desiredStatus: 'RUNNING' | 'STOPPED') {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: ListTasksCommandOutput = await send(
        new ListTasksCommand({ cluster, family, desiredStatus, ...(nextToken && { nextToken }) }),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken && arns.length < LOOKED_AT);
    return arns.slice(0, LOOKED_AT);
  }

  return {
    // By family: the canary's own service may be gone already, and its tasks are still told of.
    async ofRevision(cluster, taskDefinitionArn) {
      const family = taskDefinitionArn.split('/').at(-1)?.split(':')[0] ?? '';
      const arns = (
        await Promise.all([list(cluster, family, 'STOPPED'), list(cluster, family, 'RUNNING')])
      ).flat();
      const found: EcsTask[] = [];
      for (let start = 0; start < arns.length; start += 100) {
        const output = await send<DescribeTasksCommandOutput>(
          new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + 100) }),
        );
        found.push(...(output.tasks ?? []).map(taskOf));
      }
      return found.filter(({ taskDefinition }) => taskDefinition === taskDefinitionArn);
    },
  };
}
