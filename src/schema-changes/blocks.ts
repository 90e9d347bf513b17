import type { DoStmt, Node } from 'libpg-query';
import type { Draft } from './finding.ts';
import { all, as, words } from './nodes.ts';
import type { Embedded, SqlParser } from './parser.ts';

/** `line` counts from 1, the line in which the block's text begins. */
export type Piece = { readonly line: number } & (
  | { readonly kind: 'statement'; readonly node: Node }
  | { readonly kind: 'unknown'; readonly draft: Draft }
);

const unknown = (line: number, what: string, why: string): Piece => ({
  line,
  kind: 'unknown',
  draft: {
    kind: 'unknown',
    rule: 'unreadable-block',
    what,
    why,
    steps: [
      'Write the statements out, outside of the block where that is possible.',
      'If the code that runs does not mind them, say so before the block: -- deploy-actions: compatible REASON',
    ],
  },
});

/** The statements in a DO block, whatever the conditions and loops around them. */
export function blockOf(block: DoStmt, sql: string, parser: SqlParser): readonly Piece[] {
  const language = all(block.args, 'DefElem').find(({ defname }) => defname === 'language')?.arg;
  const name = as(language, 'String')?.sval ?? 'plpgsql';
  if (name !== 'plpgsql')
    return [unknown(1, `runs a block in ${name}`, 'Only blocks in PL/pgSQL are looked into.')];
  const embedded = parser.embedded(sql);
  if (!embedded)
    return [
      unknown(
        1,
        'runs a block',
        "PL/pgSQL's parser does not take it on its own, so what it does is not seen.",
      ),
    ];
  return embedded.flatMap((piece) => piecesOf(piece, parser));
}

function piecesOf({ sql, kind, line }: Embedded, parser: SqlParser): readonly Piece[] {
  if (kind === 'statement') return statementsOf(sql, line, parser);
  const text = textOf(sql, parser);
  return text === undefined
    ? [
        unknown(
          line,
          'runs a statement that a block puts together',
          'Which statement it is, is known only when it runs.',
        ),
      ]
    : statementsOf(text, line, parser);
}

function statementsOf(sql: string, line: number, parser: SqlParser): readonly Piece[] {
  try {
    return parser.parse(sql).statements.flatMap(({ node }): readonly Piece[] => {
      // A block in a block, which a text may hold.
      const inner = as(node, 'DoStmt');
      return inner
        ? blockOf(inner, sql, parser).map((piece) => ({ ...piece, line }))
        : [{ line, kind: 'statement', node }];
    });
  } catch {
    return [
      unknown(
        line,
        'runs a statement in a block',
        'The parser does not take it on its own, so what it does is not seen.',
      ),
    ];
  }
}

/** What EXECUTE is given, where it is a constant text, or `format` of constant names. */
function textOf(expression: string, parser: SqlParser): string | undefined {
  try {
    const [statement] = parser.parse(`SELECT ${expression}`).statements;
    const [target] = all(as(statement?.node, 'SelectStmt')?.targetList, 'ResTarget');
    return evaluate(target?.val);
  } catch {
    return undefined;
  }
}

function evaluate(node: Node | undefined): string | undefined {
  const constant = as(node, 'A_Const');
  if (constant) return constant.sval?.sval ?? (constant.ival ? String(constant.ival.ival ?? 0) : undefined);
  const operation = as(node, 'A_Expr');
  if (operation?.kind === 'AEXPR_OP' && words(operation.name).join() === '||') {
    const [left, right] = [evaluate(operation.lexpr), evaluate(operation.rexpr)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  const call = as(node, 'FuncCall');
  const name = words(call?.funcname).at(-1);
  const values = (call?.args ?? []).map(evaluate);
  if (values.some((value) => value === undefined)) return undefined;
  if (name === 'quote_ident') return quoted(values[0] ?? '');
  if (name !== 'format') return undefined;
  const [template = '', ...rest] = values as string[];
  if (/%(?![sIL%])/.test(template)) return undefined;
  let next = 0;
  return template.replace(/%([sIL%])/g, (_, kind: string) => {
    if (kind === '%') return '%';
    const value = rest[next++] ?? '';
    return kind === 'I' ? quoted(value) : kind === 'L' ? `'${value.replaceAll("'", "''")}'` : value;
  });
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
