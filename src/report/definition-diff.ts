import type { Json } from '../taskdef/definition.ts';
import type { ContainerDifference, Difference, FieldChange, VariableChange } from '../taskdef/diff.ts';
import { printable } from '../taskdef/shape.ts';
import { codeSpan } from './markdown.ts';

/** The difference as lines of a log, `container: what` each; none where nothing changes. */
export function describeDifference({ task, containers }: Difference): readonly string[] {
  return [
    ...task.map((change) => `task: ${fieldText(change, printable)}`),
    ...containers.flatMap((container) =>
      textsOf(container, printable).map((text) => `${printable(container.name)}: ${text}`),
    ),
  ];
}

/**
 * The difference as a Markdown list for a summary or a comment. Texts of others stand in code spans, where they become
 * neither Markdown nor HTML nor a mention of somebody.
 */
export function differenceMarkdown({ changed, task, containers }: Difference): string {
  if (!changed) return 'Nothing changes.';
  const section = (title: string, texts: readonly string[]) => [
    `- ${title}`,
    ...texts.map((text) => `  - ${text}`),
  ];
  return [
    ...(task.length > 0
      ? section(
          'Task',
          task.map((change) => fieldText(change, codeSpan)),
        )
      : []),
    ...containers.flatMap((container) =>
      section(`Container ${codeSpan(container.name)}`, textsOf(container, codeSpan)),
    ),
  ].join('\n');
}

/** How a text of others is put into a line. */
type Quote = (text: string) => string;

function textsOf({ effect, image, variables, fields }: ContainerDifference, quote: Quote): readonly string[] {
  if (effect === 'removed') return ['container removed'];
  return [
    ...(effect === 'added' ? ['container added'] : []),
    ...(image ? [`image ${fromTo(image.from, image.to, quote)}`] : []),
    ...variables.map((change) => variableText(change, quote)),
    ...fields.map((change) => fieldText(change, quote)),
  ];
}

function variableText({ name, kind, effect, from, to }: VariableChange, quote: Quote): string {
  const what = `${kind} ${quote(name)}`;
  if (effect === 'moved') {
    const place = kind === 'secret' ? 'the plain variable of that name' : 'the secret of that name';
    const value = kind === 'secret' ? from : to;
    return `${what} takes the place of ${place}${value === undefined ? '' : ` (${quote(inQuotes(value))})`}`;
  }
  if (from === undefined && to === undefined) return `${what} ${effect}`;
  return `${what} ${fromTo(from === undefined ? from : inQuotes(from), to === undefined ? to : inQuotes(to), quote)}`;
}

function fieldText({ path, effect, from, to }: FieldChange, quote: Quote): string {
  if (from === undefined && to === undefined) return `${quote(path)} ${effect} (not shown)`;
  return `${quote(path)} ${fromTo(written(from), written(to), quote)}`;
}

function fromTo(from: string | undefined, to: string | undefined, quote: Quote): string {
  if (from === undefined) return `added: ${quote(shortened(to ?? ''))}`;
  if (to === undefined) return `removed, was ${quote(shortened(from))}`;
  return from === to
    ? `changed inside of ${quote(shortened(to))}`
    : `${quote(shortened(from))} -> ${quote(shortened(to))}`;
}

const written = (value: Json | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : JSON.stringify(value);

const inQuotes = (value: string): string => JSON.stringify(value);

const LONGEST = 300;

const shortened = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`);

/**
 * A section of the job's summary page.
 *
 * @param from the definition's family, where it came from, and what it was compared with, in words
 */
export function differenceSummary(
  difference: Difference,
  { family, origin, against }: { readonly family: string; readonly origin: string; readonly against: string },
): string {
  return [
    `### Task definition ${codeSpan(family)}`,
    '',
    `From ${codeSpan(origin)}, compared with ${codeSpan(against)}.`,
    '',
    differenceMarkdown(difference),
    '',
  ].join('\n');
}
