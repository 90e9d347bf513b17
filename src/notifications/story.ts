import { first } from '../report/bounded.ts';
import { printable } from '../taskdef/shape.ts';
import type { Notice } from './notice.ts';
import { LOOKS, signOf } from './status.ts';

export interface Link {
  readonly text: string;
  readonly url: string;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly url: string | undefined;
}

/** What people read of a notice, whatever program shows it to them. Nothing in it is markup. */
export interface Story {
  readonly emoji: string;
  readonly title: string;
  /** In lines. */
  readonly text: readonly string[];
  readonly reason: readonly string[];
  readonly facts: readonly Fact[];
  readonly parts: readonly string[];
  readonly links: readonly Link[];
  /** Where it comes from: repository and workflow. */
  readonly source: string;
}

/** Far more than anybody reads, and less than what messages may hold. */
const MOST_FACTS = 40;
const MOST_PARTS = 50;
const MOST_LINES = 50;

export function storyOf(notice: Notice): Story {
  const { status, origin, url } = notice;
  const { runUrl } = origin;
  return {
    emoji: LOOKS[status].emoji,
    title: printable(notice.title).trim(),
    text: linesOf(notice.text),
    reason: linesOf(notice.reason),
    facts: factsOf(notice),
    parts: partsOf(notice),
    links: [
      ...(url === undefined ? [] : [{ text: 'Open the service', url }]),
      ...(runUrl === undefined ? [] : [{ text: 'Workflow run', url: runUrl }]),
    ],
    source: [origin.repository, origin.workflow].filter((each) => each !== undefined).join(' · '),
  };
}

function factsOf({
  status,
  service,
  cluster,
  environment,
  version,
  fields,
  origin,
}: Notice): readonly Fact[] {
  const { commit, ref, actor } = origin;
  const place = service !== undefined && cluster !== undefined ? `${service} in ${cluster}` : service;
  const known: readonly (readonly [name: string, value: string | undefined, url?: string | undefined])[] = [
    ['Status', status],
    ['Service', place],
    ['Environment', environment],
    ['Version', version],
    ['Commit', commit && [commit.sha.slice(0, 7), commit.subject].filter(Boolean).join(' '), commit?.url],
    ['Author', commit?.author],
    ['Branch', ref],
    ['Started by', actor === commit?.author ? undefined : actor],
    ...fields.map(({ name, value }) => [name, value, isAddress(value) ? value : undefined] as const),
  ];
  const facts = known.flatMap(([name, value, url]): readonly Fact[] =>
    value === undefined ? [] : [{ name: printable(name), value: printable(value), url }],
  );
  const { shown, left } = first(facts, MOST_FACTS);
  return left === 0 ? shown : [...shown, { name: 'And', value: `${left} more`, url: undefined }];
}

/** What is nothing but an address becomes a link; in sentences, texts of others would. */
const isAddress = (value: string): boolean => /^https?:\/\/\S+$/.test(value) && URL.canParse(value);

function partsOf({ parts }: Notice): readonly string[] {
  const { shown, left } = first(parts, MOST_PARTS);
  const told = shown.map(({ name, result }) => `${signOf(result)} ${printable(name)}: ${printable(result)}`);
  return left === 0 ? told : [...told, `and ${left} more`];
}

function linesOf(text: string | undefined): readonly string[] {
  const { shown, left } = first(text?.trim().split(/\r?\n/) ?? [], MOST_LINES);
  const lines = shown.map(printable);
  return left === 0 ? lines : [...lines, `and ${left} lines more`];
}
