import { printable } from '../shape.ts';
import { absent, error, type Finding, warning } from './finding.ts';
import { type Container, has, object, type Part, parts, repeated, type Subject, text } from './subject.ts';

const MOST_FILES = 10;

/** Variables, secrets and files of variables; no message holds a value. */
export function* variableRules(subject: Subject): Generator<Finding> {
  const { definition, containers } = subject;
  for (const container of containers) {
    yield* environment(container);
    yield* secrets(container);
    yield* files(container);
  }
  if (has(definition, 'executionRoleArn')) return;
  const needing = containers.find(
    ({ fields }) => has(fields, 'secrets') || has(object(fields, 'logConfiguration') ?? {}, 'secretOptions'),
  );
  if (needing) {
    yield error(
      [...needing.path, has(needing.fields, 'secrets') ? 'secrets' : 'logConfiguration'],
      `${needing.label} has secrets, but the task has no executionRoleArn; name the role that may read them`,
    );
  }
}

const nameOf = ({ fields }: Part): string => text(fields, 'name') ?? '';

/** The name of a variable in a message. */
const shown = (name: string): string => {
  const line = printable(name);
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
};

function* environment(container: Container): Generator<Finding> {
  const { label } = container;
  const variables = parts(container, 'environment');
  for (const variable of variables) {
    const name = nameOf(variable);
    if (name === '') {
      yield absent(variable.path, 'name', `a variable in environment of ${label} has no name`);
      continue;
    }
    const value = text(variable.fields, 'value') ?? '';
    if (looksSecret(name, value)) {
      yield warning(
        variable.path,
        `${shown(name)} of ${label} looks like a secret, and everyone who may describe the task definition can read it; keep it in Secrets Manager or SSM and name it in secrets`,
      );
    } else if (value.includes('@') && /:\/\/[^\s/:@]*:[^\s/@]+@/.test(value)) {
      yield warning(
        variable.path,
        `${shown(name)} of ${label} holds a URL with a password, which everyone who may describe the task definition can read; keep it in Secrets Manager or SSM and name it in secrets`,
      );
    }
  }
  for (const variable of repeated(variables, (item) => nameOf(item) || undefined)) {
    yield warning(
      variable.path,
      `${shown(nameOf(variable))} stands twice in environment of ${label}, and only one of them counts; keep one`,
    );
  }
}

function* secrets(container: Container): Generator<Finding> {
  const { label } = container;
  const list = parts(container, 'secrets');
  const plain = new Set(parts(container, 'environment').map(nameOf));
  const options = parts(
    {
      path: [...container.path, 'logConfiguration'],
      fields: object(container.fields, 'logConfiguration') ?? {},
    },
    'secretOptions',
  );
  for (const secret of list) {
    const name = nameOf(secret);
    if (name === '' && has(secret.fields, 'valueFrom'))
      yield absent(secret.path, 'name', `a secret of ${label} has no name`);
    if (name !== '' && plain.has(name)) {
      yield error(
        secret.path,
        `${shown(name)} of ${label} stands in environment and in secrets; take it out of one of them`,
      );
    }
  }
  for (const secret of repeated(list, (item) => nameOf(item) || undefined)) {
    yield error(secret.path, `${shown(nameOf(secret))} stands twice in secrets of ${label}; keep one`);
  }
  for (const secret of [...list, ...options]) {
    const reference = text(secret.fields, 'valueFrom');
    const problem = reference === undefined ? undefined : referenceProblem(reference);
    if (problem === undefined) continue;
    const name = shown(nameOf(secret)) || 'a secret';
    yield error([...secret.path, 'valueFrom'], `valueFrom of ${name} of ${label} ${problem}`);
  }
}

const ARN = /^arn:[a-z][a-z0-9-]*:(?<service>[a-z]+):(?<region>[^:]*):(?<account>[^:]*):(?<rest>.*)$/s;
const FORMS =
  'write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-xxxxxx, arn:aws:ssm:REGION:ACCOUNT:parameter/NAME or the name of a parameter';

/**
 * What is wrong with a reference to a secret; it is not repeated, because it may be the secret itself.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html and
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
 */
function referenceProblem(reference: string): string | undefined {
  if (reference === '') return `is empty; ${FORMS}`;
  if (/[\s\p{Cc}]/u.test(reference)) return `holds blanks; ${FORMS}, never the secret`;
  if (!reference.startsWith('arn:')) {
    return /^[\w./-]{1,2048}$/.test(reference)
      ? undefined
      : `is neither an ARN nor a name that a parameter of SSM can have; ${FORMS}, never the secret`;
  }
  const { service, region, account, rest = '' } = ARN.exec(reference)?.groups ?? {};
  if (service !== 'secretsmanager' && service !== 'ssm') {
    return `is an ARN, but not one of Secrets Manager or SSM; ${FORMS}`;
  }
  if (!/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(region ?? ''))
    return 'is an ARN without a region such as eu-west-1';
  if (!/^\d{12}$/.test(account ?? '')) {
    return account?.includes('*')
      ? 'is an ARN whose account was masked on its way here (***); build it where it is used'
      : 'is an ARN without an account of 12 digits';
  }
  return service === 'ssm' ? parameterProblem(rest) : secretProblem(rest);
}

function parameterProblem(rest: string): string | undefined {
  return /^parameter\/[\w./-]+(?::[\w.-]+)?$/.test(rest)
    ? undefined
    : 'is not the ARN of a parameter; it ends in :parameter/NAME';
}

function secretProblem(rest: string): string | undefined {
  const [kind, name = '', ...parameters] = rest.split(':');
  if (kind !== 'secret' || !/^[\w/+=.@-]+$/.test(name)) {
    return 'is not the ARN of a secret; it ends in :secret:NAME-xxxxxx';
  }
  if (parameters.length === 0) return undefined;
  if (parameters.length !== 3) {
    return 'has something after the name, which is :KEY:STAGE:VERSION with all its colons; for a key alone write :secret:NAME-xxxxxx:KEY::';
  }
  const [, stage, version] = parameters;
  return stage && version ? 'has a version stage and a version id; ECS takes one of them' : undefined;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html */
function* files(container: Container): Generator<Finding> {
  const { label, path } = container;
  const list = parts(container, 'environmentFiles');
  if (list.length > MOST_FILES) {
    yield error(
      [...path, 'environmentFiles'],
      `${label} has ${list.length} environmentFiles; ECS takes ${MOST_FILES}`,
    );
  }
  for (const { path: at, fields } of list) {
    const value = text(fields, 'value');
    if (value === undefined) continue;
    if (!/^arn:[a-z][a-z0-9-]*:s3:::[^/]+\/.+$/.test(value)) {
      yield error(
        [...at, 'value'],
        `an environment file of ${label} is not the ARN of an object in S3; write arn:aws:s3:::BUCKET/PATH.env`,
      );
    } else if (!value.endsWith('.env')) {
      yield error(
        [...at, 'value'],
        `an environment file of ${label} has another ending than .env, which ECS needs`,
      );
    }
  }
}

const SECRET_WORDS =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|SECRETS|TOKEN|CREDENTIALS?|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|SIGNING_KEY|ENCRYPTION_KEY|SECRET_KEY|MASTER_KEY|AUTH_KEY|LICENSE_KEY)$/;

/** Whether a variable holds a secret, by its name; not where its value cannot be one. */
function looksSecret(name: string, value: string): boolean {
  if (!/pass|pwd|secret|token|cred|key/i.test(name)) return false;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toUpperCase();
  // OLDPWD and PWD are directories.
  if (words === 'PWD' || !SECRET_WORDS.test(words)) return false;
  return !/^(?:|true|false|yes|no|on|off|none|null|\d{1,4}|arn:.*|https?:\/\/[^@]*|\/.*)$/i.test(value);
}
