import { error, type Finding } from './finding.ts';
import { parts, quoted, repeated, type Subject, text } from './subject.ts';

const MOST_TAGS = 50;
const MOST_BYTES = 64 * 1024;
const MOST_CONSTRAINTS = 10;

/** The family, the roles, the tags and the size of the whole. */
export function* identityRules({ definition }: Subject): Generator<Finding> {
  const family = text(definition, 'family');
  if (family !== undefined && !/^[A-Za-z0-9_-]{1,255}$/.test(family)) {
    yield error(
      ['family'],
      `the family is ${quoted(family)}; ECS takes up to 255 letters, digits, hyphens and underscores`,
    );
  }
  for (const key of ['taskRoleArn', 'executionRoleArn']) {
    const role = text(definition, key);
    const problem = role ? roleProblem(role) : undefined;
    if (role && problem) yield error([key], `${key} is ${quoted(role)}, ${problem}`);
  }
  const constraints = parts({ path: [], fields: definition }, 'placementConstraints').length;
  if (constraints > MOST_CONSTRAINTS) {
    yield error(
      ['placementConstraints'],
      `there are ${constraints} placementConstraints; ECS takes ${MOST_CONSTRAINTS}`,
    );
  }
  yield* tags({ definition });
  const bytes = new TextEncoder().encode(JSON.stringify(definition)).length;
  if (bytes > MOST_BYTES) {
    yield error(
      [],
      `the task definition has ${bytes} bytes; ECS takes ${MOST_BYTES}: move variables into environmentFiles or secrets`,
    );
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
function roleProblem(role: string): string | undefined {
  if (role.includes('***'))
    return 'in which a value was masked on its way here (***); build it where it is used';
  if (role.startsWith('arn:')) {
    return /^arn:[a-z][a-z0-9-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/.test(role)
      ? undefined
      : 'which is not the ARN of a role; write arn:aws:iam::ACCOUNT:role/NAME with an account of 12 digits';
  }
  return /^[\w+=,.@/-]{1,576}$/.test(role)
    ? undefined
    : 'which is neither the name of a role nor its ARN, such as arn:aws:iam::ACCOUNT:role/NAME';
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions */
function* tags({ definition }: Pick<Subject, 'definition'>): Generator<Finding> {
  const list = parts({ path: [], fields: definition }, 'tags');
  if (list.length > MOST_TAGS) yield error(['tags'], `there are ${list.length} tags; ECS takes ${MOST_TAGS}`);
  for (const { path, fields } of list) {
    const key = text(fields, 'key') ?? '';
    const value = text(fields, 'value') ?? '';
    if (key === '') {
      yield error(path, 'a tag has no key');
      continue;
    }
    for (const { part, message } of tagFaults(key, value)) {
      yield error([...path, part], `tag ${quoted(key)} ${message}`);
    }
  }
  for (const { path, fields } of repeated(list, ({ fields }) => text(fields, 'key') || undefined)) {
    yield error([...path, 'key'], `tag ${quoted(text(fields, 'key') ?? '')} stands twice; keep one`);
  }
}

/** What is wrong with a tag that has a key, said without its value. */
export function* tagFaults(
  key: string,
  value: string,
): Generator<{ readonly part: 'key' | 'value'; readonly message: string }> {
  if (/^aws:/i.test(key)) yield { part: 'key', message: 'begins with "aws:", which AWS keeps for itself' };
  for (const [part, written, most] of [
    ['key', key, 128],
    ['value', value, 256],
  ] as const) {
    if (written.length > most) {
      yield { part, message: `has a ${part} of ${written.length} characters; ECS takes ${most}` };
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(written)) {
      const rule = 'it takes letters, digits, blanks and _ . : / = + - @';
      yield { part, message: `has a ${part} with a character that AWS does not take; ${rule}` };
    }
  }
}
