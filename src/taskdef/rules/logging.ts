import { error, type Finding, warning } from './finding.ts';
import { nearest } from './nearest.ts';
import { enumerated, has, object, own, quoted, type Subject, text } from './subject.ts';

const AWSLOGS_OPTIONS = [
  'awslogs-create-group',
  'awslogs-datetime-format',
  'awslogs-group',
  'awslogs-multiline-pattern',
  'awslogs-region',
  'awslogs-stream-prefix',
];

/** Where logs go. Options of log drivers may hold secrets, so messages name them without their values. */
export function* loggingRules(subject: Subject): Generator<Finding> {
  const { definition, containers, fargate } = subject;
  const routers = containers.filter(({ fields }) => has(fields, 'firelensConfiguration'));
  for (const { path, label } of routers.slice(1)) {
    yield warning(
      [...path, 'firelensConfiguration'],
      `${label} is a second container with a firelensConfiguration; a task has one log router`,
    );
  }
  for (const { path, fields, label } of containers) {
    const log = object(fields, 'logConfiguration');
    const driver = text(log ?? {}, 'logDriver');
    const at = [...path, 'logConfiguration'];
    if (driver === 'awsfirelens' && routers.length === 0) {
      yield error(
        at,
        `${label} logs through awsfirelens, but no container has a firelensConfiguration; add the log router`,
      );
    }
    if (driver === 'awsfirelens' && has(fields, 'firelensConfiguration')) {
      yield warning(
        at,
        `${label} is the log router and logs through awsfirelens, which is itself; give it awslogs`,
      );
    }
    if (driver === 'awslogs') yield* awslogs(object(log ?? {}, 'options') ?? {}, at, label, fargate);
    if (driver === 'awslogs' && fargate && !has(definition, 'executionRoleArn')) {
      yield error(
        at,
        `${label} logs to CloudWatch, but the task has no executionRoleArn; Fargate writes with that role`,
      );
    }
  }
}

function* awslogs(
  options: NonNullable<ReturnType<typeof object>>,
  path: Finding['path'],
  label: string,
  fargate: boolean,
): Generator<Finding> {
  const at = [...path, 'options'];
  const needed = ['awslogs-group', 'awslogs-region', ...(fargate ? ['awslogs-stream-prefix'] : [])];
  const absent = needed.filter((name) => own(options, name) === undefined || own(options, name) === '');
  if (absent.length > 0) {
    const where = fargate ? ' on Fargate' : '';
    yield error(at, `the log driver awslogs of ${label} lacks ${enumerated(absent)}, which it needs${where}`);
  }
  for (const name of Object.keys(options)) {
    if (name === 'awslogs-stream') {
      yield error(
        [...at, name],
        `ECS does not take awslogs-stream (${label}); give awslogs-stream-prefix instead`,
      );
    } else if (!AWSLOGS_OPTIONS.includes(name) && name.toLowerCase().startsWith('awslogs')) {
      const near = nearest(
        name,
        AWSLOGS_OPTIONS.filter((known) => !(known in options)),
      );
      if (near !== undefined) {
        yield warning(
          [...at, name],
          `the log driver awslogs has no option ${quoted(name)} (${label}); did you mean ${quoted(near)}?`,
        );
      }
    }
  }
}
