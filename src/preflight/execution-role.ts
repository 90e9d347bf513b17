import { parseEcrHost, parseReference } from '../images/reference.ts';
import { isList, isObject, type TaskDefinition } from '../taskdef/definition.ts';
import { type AccessAnswer, type Question, refusals } from './access.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';
import type { PlacedReference } from './secret-reference.ts';

/** Where things are in AWS, for names that leave it out. */
export interface Home {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** What a reference leads to, for the questions. */
export interface Resolved {
  readonly arn: string;
  /** ARN, id or alias of the customer's key. */
  readonly kmsKey: string | undefined;
}

export interface RoleFacts {
  /** ARN; undefined where the definition names none. */
  readonly role: string | undefined;
  readonly questions: readonly Question[];
  /** Undefined where there is no such role. */
  readonly answers: Seen<readonly AccessAnswer[] | undefined>;
}

/**
 * What ECS does with the execution role before a task starts.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
 *
 * @param resolve what a reference to a secret or parameter leads to, where that is known
 * @param fargate on instances the instance's own role pulls images and writes logs
 */
export function questionsFor(
  definition: TaskDefinition,
  references: readonly PlacedReference[],
  resolve: (reference: PlacedReference) => Resolved | undefined,
  home: Home,
  fargate: boolean,
): readonly Question[] {
  const { partition, region, account } = home;
  const arn = (service: string, rest: string, at: { region?: string; account?: string } = {}) =>
    `arn:${partition}:${service}:${at.region ?? region}:${at.account ?? account}:${rest}`;
  const secrets = references.flatMap((placed): Question[] => {
    const { reference, place } = placed;
    const known = resolve(placed);
    const why = `reads the value of ${place}`;
    if (reference.kind === 'parameter') {
      const named = reference.name.startsWith('arn:')
        ? reference.name
        : arn('ssm', `parameter/${reference.name.replace(/^\//, '')}`);
      return [{ action: 'ssm:GetParameters', resource: known?.arn ?? named, why }];
    }
    const secret = known?.arn ?? (reference.secret.startsWith('arn:') ? reference.secret : undefined);
    if (secret === undefined) return [];
    const key = known?.kmsKey === undefined ? undefined : keyArn(known.kmsKey, secret);
    const at = secret.split(':')[3] ?? region;
    return [
      { action: 'secretsmanager:GetSecretValue', resource: secret, why },
      ...(key === undefined
        ? []
        : [
            {
              action: 'kms:Decrypt',
              resource: key,
              context: { 'kms:ViaService': `secretsmanager.${at}.amazonaws.com` },
              why,
            },
          ]),
    ];
  });
  const containers = definition.containerDefinitions.flatMap((container): Question[] => {
    const { name, image = '', logConfiguration, environmentFiles } = container;
    const files = isList(environmentFiles)
      ? environmentFiles.flatMap((file) =>
          isObject(file) && typeof file['value'] === 'string' ? [file['value']] : [],
        )
      : [];
    return [
      ...(fargate ? pullQuestions(name, image, partition) : []),
      ...(fargate && isObject(logConfiguration) ? logQuestions(name, logConfiguration, arn) : []),
      ...files.flatMap((file) => {
        const why = `reads the environment file of ${name}`;
        return [
          { action: 's3:GetObject', resource: file, why },
          { action: 's3:GetBucketLocation', resource: file.split('/')[0] ?? file, why },
        ];
      }),
    ];
  });
  return [...secrets, ...containers];
}

function pullQuestions(container: string, image: string, partition: string): readonly Question[] {
  const reference = parseReference(image);
  const host = parseEcrHost(reference?.registry ?? '');
  if (!reference || !host) return [];
  const repository = `arn:${partition}:ecr:${host.region}:${host.account}:repository/${reference.repository}`;
  const why = `pulls the image of ${container}`;
  return [
    { action: 'ecr:GetAuthorizationToken', resource: '*', why },
    ...['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'].map((action) => ({
      action,
      resource: repository,
      why,
    })),
  ];
}

function logQuestions(
  container: string,
  { logDriver, options }: Readonly<Record<string, unknown>>,
  arn: (service: string, rest: string, at?: { region?: string }) => string,
): readonly Question[] {
  if (logDriver !== 'awslogs' || typeof options !== 'object' || options === null) return [];
  const option = (name: string) => {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  const group = option('awslogs-group');
  const region = option('awslogs-region');
  if (group === undefined) return [];
  const at = region === undefined ? {} : { region };
  const why = `writes the log of ${container}`;
  const prefix = option('awslogs-stream-prefix');
  // Policies may name streams by their prefix, and groups by `GROUP:*`: as AWS asks, there is always a stream.
  const stream = (name: string) => arn('logs', `log-group:${group}:log-stream:${name}`, at);
  const task = '0123456789abcdef0123456789abcdef';
  const own = stream(prefix === undefined ? task : `${prefix}/${container}/${task}`);
  return [
    ...(option('awslogs-create-group') === 'true'
      ? [{ action: 'logs:CreateLogGroup', resource: stream(''), why }]
      : []),
    ...['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({ action, resource: own, why })),
  ];
}

/** @returns undefined for an alias, of which IAM does not say which key it is */
function keyArn(key: string, secret: string): string | undefined {
  if (key.startsWith('arn:')) return key.includes(':alias/') ? undefined : key;
  if (key.startsWith('alias/')) return undefined;
  const [, partition, , region, account] = secret.split(':');
  return `arn:${partition}:kms:${region}:${account}:key/${key}`;
}

/** A role as IAM is asked about it: task definitions may name it without its account. */
export function roleArn(role: string, { partition, account }: Pick<Home, 'partition' | 'account'>): string {
  return role.startsWith('arn:') ? role : `arn:${partition}:iam::${account}:role/${role}`;
}

export function checkExecutionRole({ role, questions, answers }: RoleFacts): readonly Finding[] {
  const check = 'execution-role';
  const needs = [...new Set(questions.map(({ action }) => action))];
  if (role === undefined) {
    if (questions.length === 0) return [skip(check, 'the task definition has none, and needs none')];
    const [first] = questions;
    return [
      fail(
        check,
        `the task definition has no execution role, and ECS ${first?.why} with it`,
        `Set executionRoleArn to a role that ecs-tasks.amazonaws.com may assume, with ${needs.join(', ')}.`,
      ),
    ];
  }
  const name = role.split('/').at(-1) ?? role;
  if (isUnseen(answers)) return [unseen(check, `what the execution role ${name} may do`, answers)];
  if (!answers) {
    return [
      fail(
        check,
        `there is no role ${name}, which is the execution role`,
        'Make it, or mend executionRoleArn.',
      ),
    ];
  }
  // IAM was not asked about it.
  if (questions.length === 0) return [skip(check, `${name} has nothing to do before a task starts`)];
  const denied = refusals(questions, answers);
  if (denied.length === 0) {
    return [pass(check, `${name} may do what ECS needs it for (${needs.join(', ')})`)];
  }
  return denied.map(({ question: { action, resource, why }, explicit }) => {
    const what = `${name} may not do ${action}${resource === '*' ? '' : ` on ${resource}`}, and ECS ${why} with it`;
    if (explicit) return fail(check, what, `A policy denies it: take ${action} out of that Deny.`);
    const allow = `Allow ${action} on ${resource} in a policy of the role, and in its permissions boundary where it has one.`;
    // A key's policy may let the role do it alone, and IAM judges by the policies of the role.
    return action === 'kms:Decrypt'
      ? warn(
          check,
          `by its own policies, ${what}`,
          `${allow} Where the policy of the key allows it, all is well.`,
        )
      : fail(check, what, allow);
  });
}
