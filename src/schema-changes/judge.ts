import type { Node } from 'libpg-query';
import { type Remark, remarksIn } from './allowances.ts';
import { blockOf } from './blocks.ts';
import { type Catalog, newCatalog, settled } from './catalog.ts';
import type { Allowance, Draft, Finding, SourcePlace } from './finding.ts';
import { blanked, type Piece, piecesOf, placeIn } from './lexer.ts';
import { all, as } from './nodes.ts';
import { type Parsed, type SqlParser, SyntaxRefusal } from './parser.ts';
import { refusalInWords } from './refusal.ts';
import { judgeNode } from './rules/rulebook.ts';
import { type Gone, nothingGone, type Scene } from './rules/scene.ts';
import { type Part, readSource, type Source } from './source.ts';

/** A text with SQL, in the order in which it runs. */
export interface SqlText {
  readonly file: string;
  readonly content: string;
}

export interface Mistake {
  readonly message: string;
  readonly place: SourcePlace;
}

export interface Verdict {
  /** Whether the code that ran before works with the database afterwards; what is not known is not compatible. */
  readonly compatible: boolean;
  /** The same of the way back; `undefined` where there is none. */
  readonly undoCompatible: boolean | undefined;
  readonly findings: readonly Finding[];
  /** What could not be judged at all. */
  readonly mistakes: readonly Mistake[];
  /** Without those that begin and end transactions. */
  readonly statements: number;
  /** Files of before that the parser refuses, so that nothing is known from them. */
  readonly unread: readonly string[];
}

/** What the SQL itself does not tell. */
export interface Surroundings {
  /** Whether the role, the database or the tool limits how long a statement waits for a lock. */
  readonly lockTimeout?: boolean;
}

/**
 * Judges the changes, in their order, against what the files that were there before have made.
 *
 * @param history files that have run already, and are not judged
 */
export function judgeChanges(
  changes: readonly SqlText[],
  history: readonly SqlText[],
  parser: SqlParser,
  { lockTimeout = false }: Surroundings = {},
): Verdict {
  const catalog = newCatalog();
  const unread: string[] = [];
  for (const { file, content } of history) {
    const { up } = readSource(file, content);
    const parsed = up && attempt(parser, up.text);
    if (parsed instanceof SyntaxRefusal) unread.push(file);
    if (!parsed || parsed instanceof SyntaxRefusal) continue;
    catalog.searchPath = 'public';
    const scene = sceneOf(catalog, { fresh: false, report: () => {}, withdraw: () => false });
    for (const { node } of parsed.statements) judgeStatement(scene, node, parser);
  }
  const settledBefore = settled(catalog);
  const sources = changes.map(({ file, content }) => readSource(file, content));
  const up = judgeDirection(settledBefore, sources, 'up', parser, lockTimeout);
  const down = judgeDirection(settled(settledBefore), sources.toReversed(), 'down', parser, lockTimeout);
  const remarks = sources.flatMap((source) => wrongRemarks(source));
  const findings = [...up.findings, ...down.findings];
  return {
    compatible: up.mistakes.length + remarks.length === 0 && isCompatible(up.findings),
    undoCompatible:
      down.statements === 0 && down.mistakes.length === 0
        ? undefined
        : down.mistakes.length === 0 && isCompatible(down.findings),
    findings,
    mistakes: [...up.mistakes, ...down.mistakes, ...remarks],
    statements: up.statements,
    unread,
  };
}

/** Whether nothing stands against it but what a person has answered for. */
export const isCompatible = (findings: readonly Finding[]): boolean =>
  findings.every(
    ({ kind, allowed }) => (kind !== 'breaking' && kind !== 'unknown') || allowed?.as === 'compatible',
  );

function wrongRemarks(source: Source): readonly Mistake[] {
  return remarksIn(source.comments).flatMap(({ from, problem }) =>
    problem === undefined
      ? []
      : [{ message: problem, place: { file: source.file, ...placeIn(source.text, from) } }],
  );
}

function attempt(parser: SqlParser, sql: string): Parsed | SyntaxRefusal {
  try {
    return parser.parse(sql);
  } catch (error) {
    if (error instanceof SyntaxRefusal) return error;
    throw error;
  }
}

interface Judged {
  readonly findings: readonly Finding[];
  readonly mistakes: readonly Mistake[];
  readonly statements: number;
}

/** Collects what rules say, until a later statement takes it back. */
class Findings {
  readonly all: { readonly finding: Finding; readonly key: string | undefined }[] = [];

  withdraw(key: string): boolean {
    const at = this.all.findIndex((each) => each.key === key);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }
}

function judgeDirection(
  catalog: Catalog,
  sources: readonly Source[],
  direction: 'up' | 'down',
  parser: SqlParser,
  lockTimeout: boolean,
): Judged {
  const findings = new Findings();
  const mistakes: Mistake[] = [];
  const gone = nothingGone();
  let statements = 0;
  for (const source of sources) {
    const part = source[direction];
    if (!part) continue;
    const parsed = attempt(parser, part.text);
    if (parsed instanceof SyntaxRefusal) {
      mistakes.push(...mistakesIn(source, part.text, parsed, parser));
      continue;
    }
    statements += parsed.statements.filter(({ node }) => !as(node, 'TransactionStmt')).length;
    if (direction === 'up') tellUnseen(source, findings);
    judgePart({ catalog, source, part, parsed, direction, findings, gone, parser, lockTimeout });
  }
  return { findings: findings.all.map(({ finding }) => finding), mistakes, statements };
}

/** More would be noise, such as in a file of another dialect. */
const MOST_MISTAKES = 5;

/** What the parser refuses: it stops at the first mistake, and is asked again for what comes after that statement. */
function mistakesIn(
  source: Source,
  text: string,
  first: SyntaxRefusal,
  parser: SqlParser,
): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  const pieces = piecesOf(text);
  let refused: Parsed | SyntaxRefusal = first;
  let rest = text;
  while (refused instanceof SyntaxRefusal && mistakes.length < MOST_MISTAKES) {
    const { offset } = refused;
    const place = { file: source.file, ...placeIn(source.text, offset) };
    mistakes.push({ message: refusalInWords(refused, text, source.placeholders, parser), place });
    const end = endOfStatement(rest, pieces, offset);
    if (end === undefined) break;
    rest = blanked(rest, [{ from: 0, to: end }]);
    refused = attempt(parser, rest);
  }
  return mistakes;
}

/** Behind the next `;` that is not in a text or a comment. */
function endOfStatement(text: string, pieces: readonly Piece[], offset: number): number | undefined {
  for (let at = text.indexOf(';', offset); at >= 0; at = text.indexOf(';', at + 1))
    if (!pieces.some(({ from, to }) => at >= from && at < to)) return at + 1;
  return undefined;
}

function tellUnseen(source: Source, findings: Findings): void {
  for (const { at, what, why, step } of source.unseen)
    findings.all.push({
      key: undefined,
      finding: {
        kind: 'unknown',
        rule: 'unseen',
        what: `runs ${what}`,
        why,
        steps: [step],
        place: { file: source.file, ...placeIn(source.text, at) },
        direction: 'up',
      },
    });
}

interface PartToJudge {
  readonly catalog: Catalog;
  readonly source: Source;
  readonly part: Part;
  readonly parsed: Parsed;
  readonly direction: 'up' | 'down';
  readonly findings: Findings;
  readonly gone: Gone;
  readonly parser: SqlParser;
  /** Whether it is limited outside of the SQL. */
  readonly lockTimeout: boolean;
}

function judgePart(work: PartToJudge): void {
  const { catalog, source, part, parsed, direction, findings, gone, parser } = work;
  const { statements } = parsed;
  const remarks = remarksIn(source.comments);
  let explicit = false;
  let { lockTimeout } = work;
  let toldOfTimeout = false;
  const whole =
    part.transaction === 'one' || (part.transaction === 'several-statements' && statements.length > 1)
      ? 'yes'
      : part.transaction === 'unknown'
        ? 'unknown'
        : 'no';
  catalog.searchPath = 'public';
  for (const [index, { node, from, to }] of statements.entries()) {
    const transaction = as(node, 'TransactionStmt')?.kind;
    if (transaction === 'TRANS_STMT_BEGIN' || transaction === 'TRANS_STMT_START') explicit = true;
    else if (transaction === 'TRANS_STMT_COMMIT' || transaction === 'TRANS_STMT_ROLLBACK') explicit = false;
    const allowed = allowanceFor(remarks, part.text, statements[index - 1]?.to ?? 0, from, to);
    const told = new Set<string>();
    // Places in the tree of a statement that stands in a block are those in its own text.
    let inside: number | undefined;
    const scene: Scene = sceneOf(catalog, {
      fresh: true,
      transaction: explicit ? 'yes' : whole,
      gone,
      lockTimeout,
      lockTimeoutElsewhere: work.lockTimeout,
      report({ location, key, ...draft }: Draft) {
        // Once in a file is enough.
        if (draft.rule === 'lock-timeout') {
          if (toldOfTimeout) return;
          toldOfTimeout = true;
        }
        if (told.has(`${draft.rule} ${draft.what}`)) return;
        told.add(`${draft.rule} ${draft.what}`);
        const offset = inside ?? (location === undefined || location < 0 ? from : parsed.offsetOf(location));
        const place = { file: source.file, ...placeIn(source.text, within(offset, from, to)) };
        findings.all.push({
          key,
          finding: { ...draft, place, direction, ...(allowed && counts(allowed, draft) && { allowed }) },
        });
      },
      withdraw: (key) => findings.withdraw(key),
    });
    judgeStatement(scene, node, parser, part.text.slice(from, to), (line, location) => {
      inside = lineFrom(part.text, parsed.offsetOf(location), line);
    });
    lockTimeout = scene.lockTimeout;
  }
}

const within = (offset: number, from: number, to: number): number =>
  offset >= from && offset <= to ? offset : from;

/** Who knows that the code does not mind has said nothing about locks. */
const counts = (allowed: Allowance, { kind }: Draft): boolean =>
  allowed.as === 'allow' || kind === 'breaking' || kind === 'unknown' || kind === 'notice';

/** A comment counts for the statement that it stands before or in, or behind on the last line of. */
function allowanceFor(remarks: readonly Remark[], text: string, before: number, from: number, to: number) {
  const lineEnd = (at: number) => {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  };
  // What stands on the last line of the statement before belongs to that one.
  const begin = before === 0 ? 0 : lineEnd(before);
  const found = remarks.find(
    (remark) =>
      remark.allowance &&
      ((remark.from >= Math.min(begin, from) && remark.from < to) ||
        (remark.from >= to && remark.from <= lineEnd(to))),
  );
  return found?.allowance;
}

const sceneOf = (
  catalog: Catalog,
  rest: Partial<Scene> & Pick<Scene, 'fresh' | 'report' | 'withdraw'>,
): Scene => ({
  catalog,
  transaction: 'unknown',
  gone: nothingGone(),
  lockTimeout: false,
  lockTimeoutElsewhere: false,
  ...rest,
});

/** Where a line begins, counted from 1, the line of an offset, which itself is where that one begins. */
function lineFrom(text: string, offset: number, line: number): number {
  let at = offset;
  for (let left = line - 1; left > 0; left--) {
    const end = text.indexOf('\n', at);
    if (end < 0) return at;
    at = end + 1;
  }
  return line > 1 ? at + (/^[^\S\n]*/.exec(text.slice(at))?.[0].length ?? 0) : at;
}

/** @param enters hears of each statement in a block, by its line, where the text of the block begins */
function judgeStatement(
  scene: Scene,
  node: Node,
  parser: SqlParser,
  sql = '',
  enters: (line: number, location: number) => void = () => {},
): void {
  const block = as(node, 'DoStmt');
  if (!block) {
    judgeNode(scene, node);
    return;
  }
  const location = all(block.args, 'DefElem').find(({ defname }) => defname === 'as')?.location ?? 0;
  for (const piece of blockOf(block, sql, parser)) {
    enters(piece.line, location);
    if (piece.kind === 'unknown') scene.report(piece.draft);
    else judgeNode(scene, piece.node);
  }
}
