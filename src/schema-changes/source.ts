import { blanked, type Piece, piecesOf } from './lexer.ts';

/** One direction of a migration: text of the same length as its file, with blanks where something else stands. */
export interface Part {
  readonly text: string;
  /** How the tool runs it, where its notation tells. */
  readonly transaction: 'one' | 'none' | 'several-statements' | 'unknown';
}

/** A comment as it stands in the file. */
export interface Comment {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What is run and cannot be seen, such as a file that psql includes. */
export interface Unseen {
  readonly at: number;
  readonly what: string;
  readonly why: string;
  readonly step: string;
}

/** A file of migrations, told apart into what it does and what takes it back. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly up: Part | undefined;
  readonly down: Part | undefined;
  readonly comments: readonly Comment[];
  readonly unseen: readonly Unseen[];
  /** Whether names in it are filled in by the tool before PostgreSQL sees them. */
  readonly placeholders: boolean;
}

/**
 * Reads the notations of migration tools: files for each direction (golang-migrate, sqlx, Diesel, db-migrate, Flyway,
 * Sqitch), sections (goose, sql-migrate, dbmate, node-pg-migrate), rollback comments (Liquibase), psql's commands and
 * placeholders.
 */
export function readSource(file: string, content: string): Source {
  const raw = content.replaceAll('\0', ' ').replace(/^\uFEFF/, ' ');
  const pieces = piecesOf(raw);
  const commands = pieces.filter(({ kind }) => kind === 'meta' || kind === 'data');
  const unseen: readonly Unseen[] = commands.flatMap(({ from, to }) => {
    const [, command, argument = ''] =
      /^\\(ir?|include|include_relative|gexec)\b\s*(\S*)/.exec(raw.slice(from, to)) ?? [];
    if (command === undefined) return [];
    return [
      {
        at: from,
        what: command === 'gexec' ? 'statements that a query makes' : `what is in ${argument}`,
        why: 'That is not looked at, because only psql knows it.',
        step: 'Put the statements into the file itself.',
      },
    ];
  });
  const plain = endingAt(blanked(raw, commands), raw, commands);
  const { text, placeholders } = filled(plain, pieces);
  const comments = pieces.flatMap(({ kind, from, to }) =>
    kind === 'comment' ? [{ from, to, text: raw.slice(from, to) }] : [],
  );
  return {
    file,
    text,
    ...partsOf(file, text, comments),
    comments,
    unseen: [...unseen, ...codeIn(comments)],
    placeholders,
  };
}

/** Django's sqlmigrate writes that in place of what RunPython and its like do. */
const codeIn = (comments: readonly Comment[]): readonly Unseen[] =>
  comments.flatMap(({ from, text }) =>
    /^--\s*THIS OPERATION CANNOT BE WRITTEN AS SQL\b/.test(text)
      ? [
          {
            at: from,
            what: 'an operation that Django cannot write as SQL',
            why: 'It is code, such as that of RunPython, and which statements it runs is not seen.',
            step: 'Write it as RunSQL, where the check sees it, or keep it out of migrations: let a command of its own fill the rows in batches.',
          },
        ]
      : [],
  );

/** `\g` and `\gexec` end a statement as `;` does. */
function endingAt(text: string, raw: string, commands: readonly Piece[]): string {
  let result = text;
  for (const { from } of commands) {
    if (/^\\(g\w*|crosstabview)\b/.test(raw.slice(from, from + 14)))
      result = `${result.slice(0, from)};${result.slice(from + 1)}`;
  }
  return result;
}

const PLACEHOLDER =
  /"\$\{[^{}\n]*\}"|"\{\{[^{}\n]*\}\}"|\$\{[^{}\n]*\}|\{\{[^{}\n]*\}\}|<%[^%\n]*%>|%\([A-Za-z_]\w*\)s|(?<=[\s(,=.])(?::"[^"\n]*"|:'[^'\n]*'|:[A-Za-z_]\w*)/g;

/**
 * Placeholders become names, each the same one everywhere, with blanks beside it that keep all else in its place. Those
 * in quoted texts are values and stay; what stands between dollars is code.
 */
function filled(sql: string, pieces: readonly Piece[]): { text: string; placeholders: boolean } {
  let placeholders = false;
  const text = sql.replace(PLACEHOLDER, (found, at: number) => {
    const around = pieces.find(({ from, to }) => at >= from && at < to);
    const quotedWhole = found.startsWith('"');
    const inName = around?.kind === 'name' && !quotedWhole;
    const dollars = around?.kind === 'text' && sql[around.from] === '$';
    if (around && !dollars && !quotedWhole && !(inName && /^[${]/.test(found))) return found;
    placeholders = true;
    // psql puts quotes around those itself.
    if (/^:["']/.test(found)) return ` ${found.slice(1)}`;
    const name = `p_${found.match(/\w+/g)?.join('_') ?? ''}`;
    const [before = ' ', after = ' '] = [sql[at - 1], sql[at + found.length]];
    if (name.length > found.length || inName || (/\w/.test(before) && /\w/.test(after)))
      return `p${found.slice(1).replace(/\W/g, '_')}`;
    return /\w/.test(after) ? name.padStart(found.length) : name.padEnd(found.length);
  });
  return { text, placeholders };
}

/** The lines that begin a direction, and how their tool runs it. */
const SECTIONS: readonly {
  readonly up: RegExp;
  readonly down: RegExp;
  readonly without: RegExp;
}[] = [
  {
    up: /^[^\S\n]*--[^\S\n]*\+(?:goose|migrate)[^\S\n]+up\b.*$/im,
    down: /^[^\S\n]*--[^\S\n]*\+(?:goose|migrate)[^\S\n]+down\b.*$/im,
    without:
      /^[^\S\n]*--[^\S\n]*\+(?:goose[^\S\n]+no[^\S\n]+transaction|migrate[^\S\n]+\w+[^\S\n]+notransaction)\b/im,
  },
  {
    up: /^[^\S\n]*--[^\S\n]*migrate:up\b.*$/im,
    down: /^[^\S\n]*--[^\S\n]*migrate:down\b.*$/im,
    without: /^[^\S\n]*--[^\S\n]*migrate:\w+[^\S\n].*\btransaction:[^\S\n]*false\b/im,
  },
  {
    up: /^[^\S\n]*--[^\S\n]*up migration\b.*$/im,
    down: /^[^\S\n]*--[^\S\n]*down migration\b.*$/im,
    without: /(?!)/,
  },
];

const NO_TRANSACTION =
  /^[^\S\n]*--[^\S\n]*(?:no-transaction\b|atlas:txmode[^\S\n]+none\b|flyway:executeInTransaction=false\b)/im;

function partsOf(
  file: string,
  text: string,
  comments: readonly Comment[],
): { up: Part | undefined; down: Part | undefined } {
  for (const { up, down, without } of SECTIONS) {
    const begins = up.exec(text);
    if (!begins) continue;
    const undoes = down.exec(text);
    const transaction = without.test(text) ? 'none' : 'one';
    const end = undoes && undoes.index > begins.index ? undoes.index : text.length;
    return {
      up: { text: only(text, begins.index, end), transaction },
      down: undoes
        ? {
            text: only(text, undoes.index, undoes.index < begins.index ? begins.index : text.length),
            transaction,
          }
        : undefined,
    };
  }
  if (/^\s*--\s*liquibase formatted sql\b/i.test(text)) return liquibase(text, comments);
  const transaction = NO_TRANSACTION.test(text) ? 'none' : transactionOf(file);
  const part = { text, transaction } as const;
  return isUndo(file) ? { up: undefined, down: part } : { up: part, down: undefined };
}

/** Prisma and golang-migrate send a file as one query, whose statements PostgreSQL puts into one transaction. */
const transactionOf = (file: string): Part['transaction'] =>
  /(?:^|\/)\d+_[^/]+\/migration\.sql$|\.(?:up|down)\.sql$/i.test(file) ? 'several-statements' : 'unknown';

/** A file that takes another one back, by its name. */
export const isUndo = (file: string): boolean =>
  /(?:[._-](?:down|undo|rollback|revert)|\/(?:down|undo|rollback|revert))\.sql$/i.test(`/${file}`) ||
  /\/U\d[\d._]*__[^/]*\.sql$/.test(`/${file}`) ||
  /(?:^|\/)(?:revert|rollbacks?|undo)\//i.test(file);

const only = (text: string, from: number, to: number): string =>
  blanked(text, [
    { from: 0, to: from },
    { from: to, to: text.length },
  ]);

/** Rollbacks stand in comments. https://docs.liquibase.com/concepts/changelogs/sql-format.html */
function liquibase(text: string, comments: readonly Comment[]): { up: Part; down: Part | undefined } {
  const kept: { from: number; to: number }[] = [];
  for (const { from, to, text: comment } of comments) {
    const [line] = /^--\s*rollback\b/i.exec(comment) ?? [];
    const [block] = /^\/\*\s*liquibase rollback\b/i.exec(comment) ?? [];
    if (line !== undefined && !/^--\s*rollback\s+(?:empty|not required|changesetid:.*)\s*$/i.test(comment))
      kept.push({ from: from + line.length, to });
    else if (block !== undefined) kept.push({ from: from + block.length, to: to - 2 });
  }
  const transaction = /\brunInTransaction:\s*false\b/i.test(text) ? 'none' : 'one';
  if (kept.length === 0) return { up: { text, transaction }, down: undefined };
  const holes = [...kept, { from: text.length, to: text.length }].map(({ from }, index) => ({
    from: kept[index - 1]?.to ?? 0,
    to: from,
  }));
  return { up: { text, transaction }, down: { text: blanked(text, holes), transaction } };
}
