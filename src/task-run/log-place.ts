import type { EcsTask, LogPlace } from '../ports.ts';
import { type ContainerDefinition, isObject, type TaskDefinition } from '../taskdef/definition.ts';
import { printable } from '../taskdef/shape.ts';

/** What is known of a container's log before its task runs. */
export type LogSource =
  | {
      readonly kind: 'cloudwatch';
      readonly group: string;
      /** That of the task without it. */
      readonly region?: string;
      /** Without it the stream has the name of the container's runtime id. */
      readonly prefix?: string;
      /** What a reader of the log should know; whole sentences. */
      readonly notes: readonly string[];
    }
  /** The job cannot read it; why, and what to do, in whole sentences. */
  | { readonly kind: 'elsewhere'; readonly why: string };

const REMEDY =
  'For its output in this log, give it "logDriver": "awslogs" with awslogs-group, awslogs-region and awslogs-stream-prefix.';

/**
 * Where the container's output goes. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
 *
 * @param container a container of the definition
 */
export function logSource({ containerDefinitions }: TaskDefinition, container: string): LogSource {
  const found = containerDefinitions.find(({ name }) => name === container);
  const { logDriver, options = {} } = isObject(found?.logConfiguration) ? found.logConfiguration : {};
  const elsewhere = (why: string): LogSource => ({ kind: 'elsewhere', why: `${why} ${REMEDY}` });
  if (logDriver === undefined || logDriver === null) {
    return elsewhere(
      `Container ${container} has no log configuration: what it prints is kept nowhere that this job can read.`,
    );
  }
  if (logDriver === 'awsfirelens') {
    return elsewhere(
      `Container ${container} logs through FireLens: its log router sends the lines where its configuration says, and this job does not see them.`,
    );
  }
  if (logDriver !== 'awslogs') {
    return elsewhere(
      `Container ${container} logs through the driver ${printable(String(logDriver))}, which this job cannot read.`,
    );
  }
  const option = (name: string): string | undefined => {
    const value = isObject(options) ? options[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const group = option('awslogs-group');
  if (group === undefined)
    return elsewhere(`Container ${container} logs through awslogs without an awslogs-group.`);
  const region = option('awslogs-region');
  const prefix = option('awslogs-stream-prefix');
  return {
    kind: 'cloudwatch',
    group,
    ...(region !== undefined && { region }),
    ...(prefix !== undefined && { prefix }),
    notes:
      option('mode') === 'non-blocking'
        ? [
            `The log driver of container ${container} has the mode non-blocking: when more is printed than its buffer holds (max-buffer-size), it drops lines before CloudWatch or this job can see them.`,
          ]
        : [],
  };
}

/**
 * The stream of one task's container.
 *
 * @returns undefined while its name is not known, as the container has not been made yet
 */
export function logPlace(
  source: LogSource & { kind: 'cloudwatch' },
  container: string,
  { arn, containers }: EcsTask,
): LogPlace | undefined {
  const [, partition = 'aws', , region = '', account = '', resource = ''] = arn.split(':');
  const id = resource.split('/').at(-1) ?? '';
  const runtimeId = containers.find(({ name }) => name === container)?.runtimeId;
  const stream = source.prefix === undefined ? runtimeId : `${source.prefix}/${container}/${id}`;
  if (!stream) return undefined;
  return { partition, region: source.region ?? region, account, group: source.group, stream };
}

/** Whether the end of the container ends its task. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html */
export const isEssential = ({ essential }: ContainerDefinition): boolean => essential !== false;

/**
 * The container whose exit code is the task's: the only essential one, or the only one.
 *
 * @returns undefined where the definition leaves it open
 */
export function onlyEssential({ containerDefinitions }: TaskDefinition): string | undefined {
  const essential = containerDefinitions.filter(isEssential);
  return essential.length === 1 ? essential[0]?.name : undefined;
}
