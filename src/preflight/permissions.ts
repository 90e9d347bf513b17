import { type AccessAnswer, type Question, refusals } from './access.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen } from './finding.ts';

export interface OwnRoleFacts {
  /** ARN; undefined where the job runs as something else than a role. */
  readonly role: string | undefined;
  readonly questions: readonly Question[];
  readonly answers: Seen<readonly AccessAnswer[] | undefined>;
}

/** Whether the role of the job may do what canary will do. */
export function checkPermissions({ role, questions, answers }: OwnRoleFacts): readonly Finding[] {
  const check = 'permissions';
  if (role === undefined) return [skip(check, 'the job does not run as an IAM role')];
  const name = role.split('/').at(-1) ?? role;
  if (isUnseen(answers)) return [unseen(check, `what the role ${name} of this job may do`, answers)];
  if (!answers) return [skip(check, `IAM does not know the role ${name} of this job in this account`)];
  const denied = refusals(questions, answers);
  if (denied.length === 0) return [pass(check, `${name} may do what canary does`)];
  return denied.map(({ question: { action, resource, why } }) =>
    fail(
      check,
      `the role ${name} of this job may not do ${action}, with which canary ${why}`,
      `Allow ${action}${resource === '*' ? '' : ` on ${resource}`}, as the policy in the README of canary does.`,
    ),
  );
}
