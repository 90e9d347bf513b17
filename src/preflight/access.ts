export interface AccessQuestion {
  /** Such as `secretsmanager:GetSecretValue`. */
  readonly action: string;
  /** An ARN, or `*` where the action takes none. */
  readonly resource: string;
  /** Values of condition keys by their names, each a single string. */
  readonly context?: Readonly<Record<string, string>>;
}

/** As IAM judges the policies of a role. */
export type AccessAnswer = 'allowed' | 'denied' | 'denied-explicitly';

/** What a role is asked for, and why, in the user's words. */
export interface Question extends AccessQuestion {
  readonly why: string;
}

/** What is denied, one line for each action and resource. */
export function refusals(
  questions: readonly Question[],
  answers: readonly AccessAnswer[],
): readonly { readonly question: Question; readonly explicit: boolean }[] {
  const seen = new Set<string>();
  return questions.flatMap((question, index) => {
    const key = `${question.action} ${question.resource}`;
    const answer = answers[index] ?? 'denied';
    if (answer === 'allowed' || seen.has(key)) return [];
    seen.add(key);
    return [{ question, explicit: answer === 'denied-explicitly' }];
  });
}
