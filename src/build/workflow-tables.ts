import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PUBLISHED_WORKFLOWS } from './release/published.ts';

interface Described {
  readonly description: string;
  readonly required?: boolean;
  readonly type?: string;
  readonly default?: string | number | boolean;
}

interface Called {
  readonly inputs?: Readonly<Record<string, Described>>;
  readonly secrets?: Readonly<Record<string, Described>>;
  readonly outputs?: Readonly<Record<string, Described>>;
}

/** How Markdown is written. */
export interface Writer {
  table(head: readonly string[], rows: readonly (readonly string[])[]): string;
  /** Puts content between the markers of that name. */
  fill(text: string, name: string, content: string): string;
}

const rowsOf = (described: Readonly<Record<string, Described>> = {}): readonly (readonly string[])[] =>
  Object.entries(described).map(([name, { description }]) => [`\`${name}\``, description]);

const inputRows = ({ inputs = {} }: Called): readonly (readonly string[])[] =>
  Object.entries(inputs).map(([name, { description, required, default: value }]) => [
    `\`${name}\``,
    description,
    required ? '**required**' : value === undefined || value === '' ? '' : `\`${value}\``,
  ]);

/** Everything that the workflows take and answer, as tables in a guide. */
export function withWorkflowTables(guide: string, root: string, { table, fill }: Writer): string {
  let text = guide;
  for (const name of PUBLISHED_WORKFLOWS) {
    const file = readFileSync(join(root, '.github/workflows', `${name}.yml`), 'utf8');
    const { workflow_call: called } = (parse(file) as { on: { workflow_call: Called } }).on;
    text = fill(text, `${name} inputs`, table(['Input', 'Description', 'Default'], inputRows(called)));
    text = fill(text, `${name} outputs`, table(['Output', 'Description'], rowsOf(called.outputs)));
    if (called.secrets)
      text = fill(text, `${name} secrets`, table(['Secret', 'Description'], rowsOf(called.secrets)));
  }
  return text;
}
