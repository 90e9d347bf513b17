import type { Problem } from '../../errors.ts';
import { runUrl } from '../../github/run-identity.ts';
import { differenceMarkdown } from '../../report/definition-diff.ts';
import type { PlanStory } from '../../report/plan.ts';
import type { Looked } from './look.ts';

/** @param head SHA of the pull request's newest commit; without one, the run's own commit is told */
export function storyOf(
  title: string,
  { foreseen, produced, unseen }: Looked,
  head: string | undefined,
  env: NodeJS.ProcessEnv,
): PlanStory {
  const { forecast, remarks, faults, situation } = foreseen;
  const commit = head ?? env['GITHUB_SHA'];
  const url = runUrl(env);
  const findings = produced?.findings ?? [];
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const notThere = produced?.notThere ?? [];
  return {
    title,
    ...(produced?.running && {
      difference: {
        changed: produced.difference.changed,
        markdown: differenceMarkdown(produced.difference),
        from: `${produced.running.family}:${produced.running.revision}`,
      },
    }),
    ...(forecast && { forecast }),
    ...(unseen !== undefined && { unseen }),
    problems: [
      ...findings
        .filter(({ severity }) => severity === 'error')
        .map(({ message }) => ({ input: 'task-definition', message })),
      ...distinct(
        faults.flatMap(({ problems }) => problems),
        forecast === undefined,
      ),
    ],
    situation: situation.map(({ message, next }) => ({ message, next })),
    remarks: [
      ...remarks,
      ...warnings.map(({ message }) => ({ level: 'warning' as const, text: message })),
      ...notThere.map((name) => ({
        level: 'notice' as const,
        text: `unset: there is no variable and no secret ${name}`,
      })),
    ],
    ...(commit && { commit }),
    ...(url && { runUrl: url }),
  };
}

/** A service that is not there is missed by everything that looks for it. */
const distinct = (problems: readonly Problem[], missing: boolean): readonly Problem[] =>
  problems.filter(
    ({ input, message }, index) =>
      index ===
      problems.findIndex(
        (other) =>
          other.input === input &&
          (other.message === message || (missing && ['cluster', 'service'].includes(input))),
      ),
  );
