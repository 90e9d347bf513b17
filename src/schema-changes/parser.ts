import type { Node, ScanResult } from 'libpg-query';

/** One statement of a text; offsets are in UTF-16 units, as JavaScript counts. */
export interface Statement {
  readonly node: Node;
  readonly from: number;
  readonly to: number;
}

export interface Parsed {
  readonly statements: readonly Statement[];
  /** From a place in the tree, in bytes of UTF-8, to an offset in the text. */
  readonly offsetOf: (location: number) => number;
}

/** What PostgreSQL does not take. */
export class SyntaxRefusal extends Error {
  override readonly name = 'SyntaxRefusal';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A piece of SQL inside of a block in PL/pgSQL; `line` counts from 1, the line in which the body begins. */
export interface Embedded {
  readonly sql: string;
  readonly line: number;
  /** `expression` is one whose value is a statement that is run. */
  readonly kind: 'statement' | 'expression';
}

export interface SqlParser {
  /** @throws SyntaxRefusal */
  parse(sql: string): Parsed;
  /** The SQL of a `DO` block or a function's definition; `undefined` where PL/pgSQL's parser refuses it. */
  embedded(sql: string): readonly Embedded[] | undefined;
  /** The kinds of the words of a text, for those who have to know which ones are PostgreSQL's own. */
  isKeyword(word: string): boolean;
}

let loaded: Promise<SqlParser> | undefined;

/** PostgreSQL's own parser, compiled to WebAssembly; loaded once. */
export function loadParser(): Promise<SqlParser> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<SqlParser> {
  const postgres = await import('libpg-query');
  await postgres.loadModule();
  return {
    parse(sql) {
      const offsetOf = offsets(sql);
      if (sql.trim() === '') return { statements: [], offsetOf };
      try {
        const { stmts = [] } = postgres.parseSync(sql);
        const statements = stmts.flatMap(({ stmt, stmt_location: at = 0, stmt_len: length }) => {
          if (!stmt) return [];
          return [{ node: stmt, from: offsetOf(at), to: length ? offsetOf(at + length) : sql.length }];
        });
        return { statements, offsetOf };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const { cursorPosition = 0 } =
          (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails ?? {};
        // PostgreSQL counts characters there, not bytes.
        const offset = [...sql].slice(0, cursorPosition).join('').length;
        throw new SyntaxRefusal(error.message, offset);
      }
    },
    embedded(sql) {
      try {
        const found: Embedded[] = [];
        collect(postgres.parsePlPgSQLSync(sql), 1, found);
        return found;
      } catch {
        return undefined;
      }
    },
    isKeyword(word) {
      const { tokens }: ScanResult = postgres.scanSync(word);
      return tokens.length === 1 && tokens[0]?.keywordKind !== 0;
    },
  };
}

/** PostgreSQL counts bytes of UTF-8. */
function offsets(sql: string): (location: number) => number {
  if (!/[^\0-\x7f]/.test(sql)) return (location) => location;
  const table = new Uint32Array(Buffer.byteLength(sql) + 1);
  let bytes = 0;
  let units = 0;
  for (const character of sql) {
    table[bytes] = units;
    bytes += Buffer.byteLength(character);
    units += character.length;
  }
  table[bytes] = units;
  return (location) => table[Math.min(location, bytes)] ?? units;
}

/** What PL/pgSQL's parser gives has no types; only these shapes of it are looked for. */
function collect(tree: unknown, line: number, found: Embedded[]): void {
  if (Array.isArray(tree)) {
    for (const each of tree) collect(each, line, found);
    return;
  }
  if (typeof tree !== 'object' || tree === null) return;
  for (const [key, value] of Object.entries(tree as Record<string, unknown>)) {
    if (typeof value !== 'object' || value === null) continue;
    const fields = value as Record<string, unknown>;
    const at = typeof fields['lineno'] === 'number' ? fields['lineno'] : line;
    const query = (field: string) =>
      (fields[field] as { PLpgSQL_expr?: { query?: string } } | undefined)?.PLpgSQL_expr?.query;
    const add = (sql: string | undefined, kind: Embedded['kind']) => {
      if (sql !== undefined) found.push({ sql, line: at, kind });
    };
    if (key === 'PLpgSQL_stmt_execsql') add(query('sqlstmt'), 'statement');
    else if (key === 'PLpgSQL_stmt_perform') add(query('expr'), 'statement');
    else if (key === 'PLpgSQL_stmt_call') add(query('expr'), 'statement');
    else if (key === 'PLpgSQL_stmt_fors') add(query('query'), 'statement');
    else if (key === 'PLpgSQL_stmt_return_query') add(query('query'), 'statement');
    else if (key === 'PLpgSQL_stmt_dynexecute') add(query('query'), 'expression');
    else if (key === 'PLpgSQL_stmt_dynfors') add(query('query'), 'expression');
    collect(value, at, found);
  }
}
