import type { Node, RangeVar } from 'libpg-query';

type KeyOf<T> = T extends T ? keyof T : never;
/** What a node of the parse tree is, such as `AlterTableStmt`. */
export type Tag = KeyOf<Node>;
type Inner<T, K extends PropertyKey> = T extends Readonly<Record<K, infer V>> ? V : never;
export type Of<K extends Tag> = Inner<Node, K>;

export const tagOf = (node: Node): Tag => Object.keys(node)[0] as Tag;

/** The node's content when it is of that kind. */
export const as = <K extends Tag>(node: Node | undefined, tag: K): Of<K> | undefined =>
  node && tag in node ? (node as Readonly<Record<K, Of<K>>>)[tag] : undefined;

/** Those nodes of a list that are of that kind. */
export const all = <K extends Tag>(nodes: readonly Node[] | undefined, tag: K): readonly Of<K>[] =>
  (nodes ?? []).flatMap((node) => as(node, tag) ?? []);

/** The words of a dotted name. */
export const words = (nodes: readonly Node[] | undefined): readonly string[] =>
  all(nodes, 'String').map(({ sval }) => sval ?? '');

/** The words of a name that stands alone in a list, as `DROP` has it. */
export const wordsOf = (node: Node | undefined): readonly string[] =>
  words(as(node, 'List')?.items ?? as(node, 'TypeName')?.names ?? (node ? [node] : []));

export const wordsOfRange = (range: RangeVar | undefined): readonly string[] =>
  [range?.schemaname, range?.relname].filter((word) => word !== undefined && word !== '') as string[];

/** A text by which two parts of a tree can be compared: equal when they differ in their places and blanks only. */
export const canonical = (node: unknown): string =>
  JSON.stringify(node, (key, value: unknown) =>
    key === 'location' || key.endsWith('_location') || key === 'stmt_len' ? undefined : value,
  ) ?? '';

/** Every node below one, itself included, with those of nested queries. */
export function* within(node: unknown): Generator<readonly [tag: string, content: unknown]> {
  if (Array.isArray(node)) {
    for (const each of node) yield* within(each);
  } else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (/^[A-Z]/.test(key)) yield [key, value];
      yield* within(value);
    }
  }
}

/** The last words of all columns that an expression names. */
export const columnsIn = (node: unknown): readonly string[] => [
  ...new Set(
    [...within(node)].flatMap(([tag, content]) =>
      tag === 'ColumnRef' ? [words((content as Of<'ColumnRef'>).fields).at(-1) ?? '*'] : [],
    ),
  ),
];
