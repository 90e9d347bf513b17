/** What a role is asked for; `for` says why, in the user's words. */
export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
  readonly why: string;
}

export type Answer = 'allowed' | 'denied' | 'denied-explicitly';

/** What is denied, one line for each action and resource. */
export function refusals(
  questions: readonly Question[],
  answers: readonly Answer[],
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
