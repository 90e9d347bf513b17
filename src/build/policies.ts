/**
 * What follows from `actions/NAME/policy.json`: the section of each action's README, and the policies of the workflows
 * in `.github/policies`, each of them the union for the actions that the workflow uses, without what the workflow has no
 * input for.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

/** What the placeholders stand for, where their names do not say it. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  LOAD_BALANCER: 'Name of the Application Load Balancer',
  STACK: 'Name of the CloudFormation stack',
  FAMILY: 'Family of the task definition',
  TASK_ROLE: 'Task role of the task definition, with its path',
  EXECUTION_ROLE: 'Task execution role of the task definition, with its path',
  INFRASTRUCTURE_ROLE: 'Role with which ECS makes EBS volumes',
  REPOSITORY: 'Name of the ECR repository',
  SECRET: 'Name of a secret that the task definition takes',
  PARAMETER: 'Name of a parameter that it takes, without its first slash',
  DEPLOY_ROLE: 'The role of this job itself, for the check `permissions`',
  SOURCE: 'ECR repository that the image comes from',
  SOURCE_ACCOUNT: 'Its account',
  SOURCE_REGION: 'Its region',
  SOURCE_ROLE: 'Role that `source-role` names',
  TARGET: 'ECR repository that the image goes to',
  TARGET_ACCOUNT: 'Its account',
  TARGET_REGION: 'Its region',
  TARGET_ROLE: 'Role that `target-role` names',
  LOCK: 'What `lock` says; `CLUSTER/SERVICE` if it says nothing',
  LOG_GROUP: "Log group of the task's container",
  LOG_REGION: 'Its region',
  LABEL: 'What `label` says; `pre-deploy` if it says nothing',
  TOPIC: 'Name of the SNS topic',
  BUCKET: 'Name of the S3 bucket',
  PREFIX: 'What `prefix` says, with `/` behind it; nothing if it says nothing',
  DISTRIBUTION: 'Id of the CloudFront distribution',
  DASHBOARD: 'Name of the dashboard; `CLUSTER_SERVICE` unless `dashboard` says another',
  KEY: 'Identifier of the KMS key; a key of another account needs an ARN of its own',
  'ORG/REPO': 'The repository whose workflows take the backups',
};

/** When a statement is needed that may be left out otherwise. */
interface Need {
  readonly when: string;
  /** Inputs of the action of which one has to be given for it; none where that depends on something else. */
  readonly inputs: readonly string[];
}

const where = (when: string, ...inputs: readonly string[]): Need => ({ when, inputs });
const given = (...inputs: readonly string[]): Need =>
  where(`${inputs.map((input) => `\`${input}\``).join(' or ')} is given`, ...inputs);

/** Given as an input, or in the file that `config` names. */
const configured = (input: string): Need => where(given(input).when, input, 'config');

const ON_STACKS = where('An input is `cloudformation:STACK.OUTPUT`');
const ON_IMAGES = where('An image is given as `ecr:REPOSITORY:TAG` or `ecr:REPOSITORY@DIGEST`');
const ON_ECR = where('An image of the task definition is in ECR');
const ON_SCALING = where('The service is scaled by Application Auto Scaling');
const ON_ROLLBACK = where('`on-failure` is `roll-back`, which it is by default');
const ON_ROLES = where('The task definition has roles');
const ON_VOLUMES = where('The service configures EBS volumes');
const ON_LOOKING = where('The issue is to tell what ECS knows beside the record');
const ON_DATABASES = where('DB instances or DB clusters are backed up', 'db-instances', 'db-clusters');
const ON_CACHES = where('Caches are backed up', 'replication-groups', 'cache-clusters', 'serverless-caches');

/** By action and Sid. */
const OPTIONAL: Readonly<Record<string, Readonly<Record<string, Need>>>> = {
  alarms: {
    Look: given('definition'),
    Stacks: ON_STACKS,
    LookAtServices: given('definition'),
    Alarms: given('definition'),
    PutAlarms: given('definition'),
    RemoveAlarms: given('definition'),
    RemoveDashboard: where('`dashboard: false` has to take one away', 'dashboard', 'definition'),
  },
  backup: {
    Stacks: ON_STACKS,
    LookAtDatabases: ON_DATABASES,
    ReasonOfFailure: where(
      'A snapshot of a database that fails is to be told with its reason',
      ...ON_DATABASES.inputs,
    ),
    BackUpInstances: given('db-instances'),
    BackUpClusters: given('db-clusters'),
    TagBackups: ON_DATABASES,
    CopyBackups: given('kms-key', 'copy-to-region'),
    DeleteBackups: where('`keep` is given, for databases', 'keep'),
    LookAtCaches: ON_CACHES,
    BackUpCaches: given('replication-groups', 'cache-clusters'),
    BackUpServerlessCaches: given('serverless-caches'),
    TagCacheBackups: ON_CACHES,
    DeleteCacheBackups: where('`keep` is given, for caches', 'keep'),
    UseKey: where('`kms-key` is given; the policy of the key has to allow it too', 'kms-key'),
  },
  canary: {
    Alarms: configured('alarms'),
    Stacks: ON_STACKS,
    MakeTestRules: configured('pre-traffic-url'),
    TagTestRules: configured('pre-traffic-url'),
    RemoveTestRules: configured('pre-traffic-url'),
    HoldScaling: ON_SCALING,
    Register: where('`task-definition` is a file'),
    TagRegistered: where('`task-definition` is a file with tags'),
    PassRoles: where('`task-definition` is a file with roles'),
    PassVolumeRole: ON_VOLUMES,
  },
  'ecr-push': {
    Stacks: ON_STACKS,
    Scan: given('fail-on'),
    CreateRepository: given('create-repository'),
  },
  frontend: { Stacks: ON_STACKS, Invalidate: given('distribution') },
  incident: {
    Stacks: ON_STACKS,
    LookAtServices: ON_LOOKING,
    History: ON_LOOKING,
    LookAtRevisions: ON_LOOKING,
    LookAtTasks: ON_LOOKING,
    ListTasks: ON_LOOKING,
    ReadLog: where('`logs` is not `off`'),
    ImageTags: where('The tags of the image tell the commit of the last good release'),
    Migrations: where('`migrate` keeps a record of the service'),
  },
  migrate: {
    Stacks: ON_STACKS,
    Images: ON_IMAGES,
    LookAtServices: given('service'),
    // The file may be the input `task-definition`, which can be something else as well.
    Register: where('`image`, `images` or a file is given'),
    TagRegistered: where('Such a task definition has tags'),
    PassRoles: ON_ROLES,
  },
  monitor: {
    Stacks: ON_STACKS,
    Alarms: configured('alarms'),
    SearchLog: configured('log-patterns'),
    LookAtRoutes: ON_ROLLBACK,
    Migrations: where('`on-failure` is `roll-back`, and `migrate` keeps a record of the service'),
    Deploy: ON_ROLLBACK,
    RemoveCanary: ON_ROLLBACK,
    ShiftTraffic: ON_ROLLBACK,
    RememberWeights: ON_ROLLBACK,
    HoldScaling: where('`on-failure` is `roll-back`, and the service is scaled by Application Auto Scaling'),
  },
  plan: { Alarms: configured('alarms'), Stacks: ON_STACKS, Images: ON_IMAGES },
  preflight: {
    Stacks: ON_STACKS,
    LogInToRegistry: ON_ECR,
    LookAtImages: ON_ECR,
    LookAtSecrets: where('The task definition takes values of Secrets Manager'),
    MembersOfSecrets: where('It takes members of JSON values: their names are looked at, and never kept'),
    ManySecrets: where('It takes members of several secrets: one call then looks at twenty of them'),
    LookAtParameters: where('The task definition takes parameters of Systems Manager'),
    Alarms: given('alarms'),
    LookAtDatabaseBackups: given('backup-db-instances', 'backup-db-clusters'),
    LookAtCacheBackups: given(
      'backup-replication-groups',
      'backup-cache-clusters',
      'backup-serverless-caches',
    ),
    Migrations: where('`migrate` keeps a record of the service'),
    Quotas: where('The tasks run on Fargate'),
    DefaultQuotas: where('The tasks run on Fargate'),
  },
  promote: { SourceRole: given('source-role'), TargetRole: given('target-role') },
  'render-task-definition': {
    Look: where('The source is not a file, or `service` is given'),
    Stacks: ON_STACKS,
    Images: ON_IMAGES,
    LookAtServices: given('service'),
  },
  'smoke-test': { Look: given('service'), Stacks: ON_STACKS, LookAtServices: given('service') },
  refresh: {
    Stacks: ON_STACKS,
    Rotated: configured('only-if-rotated'),
    MakeTestRules: configured('pre-traffic-url'),
    RemoveTestRules: configured('pre-traffic-url'),
    HoldScaling: ON_SCALING,
    PassRoles: ON_ROLES,
    PassVolumeRole: ON_VOLUMES,
  },
  rollback: {
    Stacks: ON_STACKS,
    ImageTags: where('`to` is a tag of an image', 'to'),
    ListFrontend: given('bucket'),
    FrontendFiles: given('bucket'),
    InvalidateFrontend: given('distribution'),
    Migrations: where('`migrate` keeps a record of the service'),
    RemoveTestRules: where('[`canary`](../canary) is used with `pre-traffic-url`'),
    HoldScaling: ON_SCALING,
  },
};

const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;
const oneOrMore = (all: readonly string[]): string | readonly string[] =>
  all.length === 1 ? (all[0] ?? '') : all;

/** JSON in which whatever fits stands on one line. */
function compactJson(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, ' ');
  const line = flat.replaceAll('[ ', '[').replaceAll(' ]', ']');
  if (typeof value !== 'object' || value === null || indent.length + line.length <= 90) return line;
  const deeper = `${indent}  `;
  const [open, close, items] = Array.isArray(value)
    ? ['[', ']', value.map((item) => compactJson(item, deeper))]
    : [
        '{',
        '}',
        Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${compactJson(item, deeper)}`),
      ];
  return `${open}\n${items.map((item) => `${deeper}${item}`).join(',\n')}\n${indent}${close}`;
}

/** As the files hold it: each statement with its members below each other. */
function policyText({ Version, Statement }: Policy): string {
  const statements = Statement.map((statement) => {
    const members = Object.entries(statement).map(
      ([key, value]) => `      ${JSON.stringify(key)}: ${compactJson(value, '      ')}`,
    );
    return `    {\n${members.join(',\n')}\n    }`;
  });
  return `{\n  "Version": "${Version}",\n  "Statement": [\n${statements.join(',\n')}\n  ]\n}\n`;
}

type OneOrMore = string | readonly string[];

const covers = (one: OneOrMore, other: OneOrMore): boolean =>
  list(other).every((each) => list(one).includes(each));
const equal = (one: OneOrMore, other: OneOrMore): boolean => covers(one, other) && covers(other, one);
const joined = (one: OneOrMore, other: OneOrMore): OneOrMore =>
  oneOrMore([...new Set([...list(one), ...list(other)])]);

/**
 * The union of policies. A Sid means the same wherever it stands: statements of one Sid become one.
 *
 * @throws Error when one that allowed what two of them do would allow more than both
 */
function union(policies: readonly Policy[]): Policy {
  const merged = new Map<string, Statement>();
  for (const statement of policies.flatMap((policy) => policy.Statement)) {
    const known = merged.get(statement.Sid) ?? statement;
    const within = (one: Statement, other: Statement) =>
      covers(one.Action, other.Action) && covers(one.Resource, other.Resource);
    const exact =
      equal(known.Action, statement.Action) ||
      equal(known.Resource, statement.Resource) ||
      within(known, statement) ||
      within(statement, known);
    if (!exact || JSON.stringify(known.Condition) !== JSON.stringify(statement.Condition)) {
      throw new Error(`the Sid ${known.Sid} means different things in different policies; rename one`);
    }
    merged.set(known.Sid, {
      ...known,
      Action: joined(known.Action, statement.Action),
      Resource: joined(known.Resource, statement.Resource),
    });
  }
  return { Version: '2012-10-17', Statement: [...merged.values()] };
}

/** What a managed policy may hold, blanks apart: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MANAGED_LENGTH = 6_144;

const isLong = (policy: Policy): boolean => JSON.stringify(policy).length > MANAGED_LENGTH;

/** Parts of a long workflow that get a policy of their own, and their actions. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  image: ['ecr-push', 'promote'],
  backup: ['backup'],
  migrate: ['migrate'],
  preflight: ['preflight'],
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** The policy as a README shows it: what is to be filled in, the policy, and what may be left out. */
function section(action: string, policy: Policy): string {
  const text = policyText(policy);
  const optional = OPTIONAL[action] ?? {};
  const known = policy.Statement.filter(({ Sid }) => optional[Sid] !== undefined);
  const placeholders = Object.entries(PLACEHOLDERS).filter(([name]) =>
    new RegExp(`\\b${name}\\b`).test(text),
  );
  return [
    `\`\`\`json\n${text}\`\`\``,
    ...(known.length > 0
      ? [
          table(
            ['Statement', 'Needed only where'],
            known.map(({ Sid }) => [`\`${Sid}\``, optional[Sid]?.when ?? '']),
          ),
        ]
      : []),
    ...(placeholders.length > 0
      ? [
          table(
            ['In capitals', 'What it stands for'],
            placeholders.map(([name, meaning]) => [`\`${name}\``, meaning]),
          ),
        ]
      : []),
  ].join('\n\n');
}

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface StepsFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: string }>>;
  /** Of an action. */
  readonly runs?: { readonly steps?: readonly Step[] };
  /** Of a workflow. */
  readonly jobs?: Readonly<Record<string, { readonly steps?: readonly Step[] }>>;
}

/** What each action is given. */
type Uses = ReadonlyMap<string, ReadonlySet<string>>;

/** Which actions a file uses by their public names, and what it gives them; the whole pipeline stands for its parts. */
function usedBy(root: string, file: string): Uses {
  const { runs, jobs = {} } = parse(readFileSync(join(root, file), 'utf8')) as StepsFile;
  const steps = [...(runs?.steps ?? []), ...Object.values(jobs).flatMap((job) => job.steps ?? [])];
  const used = new Map<string, ReadonlySet<string>>();
  const add = (action: string, inputs: Iterable<string>) =>
    used.set(action, new Set([...(used.get(action) ?? []), ...inputs]));
  for (const step of steps) {
    const [whole, path] = /^org\/deploy-actions(\/[a-z-]+)?@/.exec(step.uses ?? '') ?? [];
    if (whole === undefined) continue;
    if (path !== undefined) add(path.slice(1), Object.keys(step.with ?? {}));
    else for (const [action, inputs] of partsOf(root, step)) add(action, inputs);
  }
  return used;
}

/** What the whole pipeline uses, without those of its parts that are not asked for by the input of their name. */
function partsOf(root: string, { with: given = {} }: Step): Uses {
  const file = 'action.yml';
  const { inputs = {} } = parse(readFileSync(join(root, file), 'utf8')) as StepsFile;
  const isOff = (action: string) => String(given[action] ?? inputs[action]?.default) === 'false';
  return new Map([...usedBy(root, file)].filter(([action]) => !isOff(action)));
}

/** Pull requests push to a repository of their own, from which nothing is released. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, readonly [RegExp, string]>>>> = {
  'pr-check': { 'ecr-push': [/\bREPOSITORY\b/g, 'PR_REPOSITORY'] },
};

/** The policy of an action for a workflow: without what it is not given the inputs for. */
function fitting(workflow: string, action: string, policy: Policy, inputs: ReadonlySet<string>): Policy {
  const [from, to] = RENAMED[workflow]?.[action] ?? [];
  const Statement = policy.Statement.filter(({ Sid }) => {
    const needed = OPTIONAL[action]?.[Sid]?.inputs ?? [];
    return needed.length === 0 || needed.some((input) => inputs.has(input));
  });
  const fit = { ...policy, Statement };
  return from && to ? (JSON.parse(JSON.stringify(fit).replaceAll(from, to)) as Policy) : fit;
}

/**
 * Every file that follows from the policies of the actions, by its path below `root`, and the sections of the READMEs by
 * action.
 */
export function policies(root: string): {
  readonly files: ReadonlyMap<string, string>;
  readonly sections: ReadonlyMap<string, string>;
} {
  const files = new Map<string, string>();
  const sections = new Map<string, string>();
  const known = new Map<string, Policy>();
  for (const action of readdirSync(join(root, 'actions'))) {
    const path = join('actions', action, 'policy.json');
    if (!existsSync(join(root, path))) continue;
    const policy = JSON.parse(readFileSync(join(root, path), 'utf8')) as Policy;
    known.set(action, policy);
    sections.set(action, section(action, policy));
    files.set(path, policyText(policy));
  }
  const users: Readonly<Record<string, string>> = {
    pipeline: 'action.yml',
    deploy: '.github/workflows/deploy.yml',
    rollback: '.github/workflows/rollback.yml',
    'pr-check': '.github/workflows/pr-check.yml',
    promote: '.github/workflows/promote.yml',
    incident: '.github/workflows/incident.yml',
  };
  for (const [name, user] of Object.entries(users)) {
    if (!existsSync(join(root, user))) continue;
    const used = [...usedBy(root, user)].flatMap(([action, inputs]) => {
      const policy = known.get(action);
      return policy ? [{ action, policy: fitting(name, action, policy, inputs) }] : [];
    });
    const parts = isLong(union(used.map(({ policy }) => policy))) ? PARTS : {};
    const inParts = Object.values(parts).flat();
    const rest = used.map(({ action }) => action).filter((action) => !inParts.includes(action));
    for (const [part, actions] of Object.entries({ ...parts, '': rest })) {
      const within = used.filter(({ action }) => actions.includes(action)).map(({ policy }) => policy);
      const file = part === '' ? `${name}.json` : `${name}-${part}.json`;
      if (within.length > 0) files.set(join('.github/policies', file), policyText(union(within)));
    }
  }
  return { files, sections };
}
