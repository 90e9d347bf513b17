import { nameIn } from '../arn.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { TaskOrder } from '../ports.ts';
import { errorName } from './connection.ts';

/** The inputs that AWS's words are about, the most telling words first. */
const INPUTS: readonly (readonly [RegExp, string, string])[] = [
  [
    /override for container|container named|containerOverrides/i,
    'container-name',
    'name one of the containers of the task definition',
  ],
  [/capacity provider/i, 'capacity-providers', 'name capacity providers that the cluster has'],
  [/container instances/i, 'launch-type', 'use FARGATE, or a cluster with container instances'],
  [/security group/i, 'security-groups', 'give security groups of the VPC that the subnets are in'],
  [
    /subnet|network configuration|awsvpc/i,
    'subnets',
    'a task with network mode awsvpc needs subnets, any other takes none',
  ],
  [/public ip/i, 'assign-public-ip', 'only tasks on Fargate take a public IP address'],
  [
    /platform/i,
    'platform-version',
    'use LATEST, or a version of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html',
  ],
  [
    /launch ?type|requiresCompatibilities|container instances/i,
    'launch-type',
    'use one that the task definition is compatible with',
  ],
  [/execution ?role/i, 'execution-role', 'give a role that trusts ecs-tasks.amazonaws.com'],
  [/\brole\b/i, 'task-role', 'give a role that trusts ecs-tasks.amazonaws.com'],
  [
    /task ?definition/i,
    'task-definition',
    'give a family, family:revision or ARN that is active in this region',
  ],
  [/memory/i, 'memory', 'give MiB; Fargate takes certain pairs of cpu and memory only'],
  [/\bcpu\b/i, 'cpu', 'give CPU units; Fargate takes certain pairs of cpu and memory only'],
  [
    /overrides?.{0,40}(length|size|8192|characters)/i,
    'command',
    'command and environment may have 8192 characters together',
  ],
  [/environment/i, 'environment-variables', 'give NAME=value lines'],
];

/** Names of errors that say that the order is wrong. */
const WRONG =
  /^(ClientException|InvalidParameterException|PlatformUnknownException|PlatformTaskDefinitionIncompatibilityException|UnsupportedFeatureException)$/;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * What RunTask refused, as an error that names the input concerned, or the permission or role that is missing. Other
 * errors come back as they are.
 */
export function orderProblem(order: TaskOrder, error: unknown): unknown {
  if (error instanceof DeployError) return denied(order, error);
  if (!WRONG.test(errorName(error))) return error;
  const text = textOf(error);
  const subject = errorName(error).startsWith('Platform') ? `platform: ${text}` : text;
  const [, input, fix] = INPUTS.find(([pattern]) => pattern.test(subject)) ?? [
    undefined,
    'task-definition',
    'see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html',
  ];
  return new ConfigError(
    {
      input,
      message: `ECS refuses to run ${order.taskDefinition} in cluster "${nameIn(order.cluster)}": ${text.replace(/\.$/, '')}; ${fix}`,
    },
    { cause: error },
  );
}

/** RunTask needs more than its own permission, and AWS's message says what. */
function denied(order: TaskOrder, error: DeployError): DeployError {
  const text = textOf(error.cause ?? error);
  const [, action, resource] = /perform:? ([\w-]+:\w+)(?: on resource:? (\S+))?/.exec(text) ?? [];
  if (!action || action === 'ecs:RunTask') {
    const { message, next, cause } = error;
    return new DeployError(message, {
      state: 'No task was started.',
      ...(next !== undefined && { next }),
      cause,
    });
  }
  const on = resource ? ` on ${resource}` : '';
  if (action === 'iam:PassRole') {
    return new DeployError(
      `AWS does not let this job hand the role ${resource ?? 'of the task'} to the task: ${text}`,
      {
        state: 'No task was started.',
        next: `Allow iam:PassRole${on} in the policy of the role that this job assumes, with the condition iam:PassedToService ecs-tasks.amazonaws.com.`,
        cause: error.cause,
      },
    );
  }
  return new DeployError(`AWS does not allow ${action}, which RunTask needs here: ${text}`, {
    state: 'No task was started.',
    next:
      action === 'ecs:TagResource'
        ? `Allow ecs:TagResource${on} with the condition ecs:CreateAction RunTask in the policy of the role that this job assumes: the tags tie the task ${order.startedBy} to its run.`
        : `Allow ${action}${on} in the policy of the role that this job assumes.`,
    cause: error.cause,
  });
}
