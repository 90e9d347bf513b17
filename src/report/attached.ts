import { fitted } from './markdown.ts';

/**
 * Markdown that others wrote, for a place in a comment of ours: it stays Markdown, but mentions nobody, hides nothing,
 * and leaves nothing open that would take in what stands below it. Each `@` is followed by a character without width,
 * also where it is written as an entity, since GitHub looks for mentions in what is shown:
 * https://docs.github.com/get-started/writing-on-github#mentioning-people-and-teams
 */
export function attached(markdown: string): string {
  const harmless = markdown
    .replace(/\r\n?/g, '\n')
    // A tab and line ends are the only ones that Markdown knows.
    .replace(/[^\P{Cc}\n\t]/gu, ' ')
    .replace(AT_SIGN, '&#64;\u200b')
    .replace(MENTION, '@\u200b')
    // An empty one keeps apart what would be a mention, and can hide nothing.
    .replace(/<!(?!-- -->)/g, '&lt;!')
    .replace(SWALLOWING, '&lt;')
    .replace(UNFINISHED, '&lt;')
    .trim();
  return `${harmless}${closing(harmless)}`;
}

/** As an entity; HTML takes it without its semicolon. */
const AT_SIGN = /&(?:#0*64(?!\d)|#x0*40(?![\da-f])|commat\b);?\u200b?/gi;
/** All but the one in the digest of an image, which people copy. */
const MENTION = /@(?!<!-- -->|\u200b)(?!(?<=[\w./-]{2}@)sha256:[\da-f]{64}\b)/g;

/**
 * Begins what goes on over blank lines up to an end of its own, whatever stands there: HTML blocks of the kinds 1 and 3,
 * and elements that hold only text, https://html.spec.whatwg.org/multipage/parsing.html#parsing-html-fragments
 * https://spec.commonmark.org/0.31.2/#html-blocks
 */
const SWALLOWING =
  /<(?=\?|\/?(?:pre|script|style|textarea|title|xmp|iframe|noembed|noframes|plaintext)(?![\w-]))/gi;

/**
 * Begins a tag that does not end, whose last attribute would go on up to the next quote; neither tags nor links in
 * angle brackets: https://spec.commonmark.org/0.31.2/#raw-html
 */
const UNFINISHED =
  /<(?=\/?[a-z])(?!\/?[a-z][a-z\d-]*(?:\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?)*\s*\/?>)(?![a-z][a-z\d+.-]+:[^\s<>]*>)/gi;

/** What ends everything that is still open at the end of a text. */
function closing(markdown: string): string {
  const fence = openFence(markdown);
  const outside = fence === undefined ? '' : `\n${fence}`;
  return `${outside}${'\n</details>'.repeat(openDetails(markdown))}`;
}

/** https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function openFence(markdown: string): string | undefined {
  let open: string | undefined;
  for (const line of markdown.split('\n')) {
    const [, fence, rest = ''] = /^[ >]*(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined) continue;
    if (open === undefined) {
      if (!(fence.startsWith('`') && rest.includes('`'))) open = fence;
    } else if (fence[0] === open[0] && fence.length >= open.length && rest.trim() === '') open = undefined;
  }
  return open;
}

function openDetails(markdown: string): number {
  const count = (what: RegExp) => [...markdown.matchAll(what)].length;
  return Math.max(0, count(/<details\b/gi) - count(/<\/details\b/gi));
}

/** So much of a report at least, before it is not worth its place. */
const LEAST_SHARE = 500;
const BETWEEN = '\n\n---\n\n';

/**
 * A plan with reports below it, in no more characters than that. What is too long is cut, the plan last: short reports
 * stand whole, and the long ones share the room that is left.
 *
 * @param reports as `attached` gives them
 * @param cut what stands where something was cut, for the plan and for a report
 */
export function withReports(
  plan: string,
  reports: readonly string[],
  limit = Number.POSITIVE_INFINITY,
  cut: { readonly plan: string; readonly report: string } = { plan: '', report: '' },
): string {
  const told = reports.filter((report) => report !== '');
  let room = limit - plan.length;
  const shares = new Map<string, string>();
  told
    .toSorted((a, b) => a.length - b.length)
    .forEach((report, index, sorted) => {
      const share = Math.floor(room / (sorted.length - index)) - BETWEEN.length;
      const kept = share >= LEAST_SHARE || report.length <= share ? cutTo(report, share, cut.report) : '';
      room -= kept.length + BETWEEN.length;
      shares.set(report, kept);
    });
  const below = told.map((report) => shares.get(report) ?? '');
  const missing = below.includes('') ? [cut.report] : [];
  const whole = [plan, ...below.filter((report) => report !== ''), ...missing].join(BETWEEN);
  return fitted(whole, limit, cut.plan);
}

/** Room for what `closing` adds to a text that was cut. */
const CLOSING_ROOM = 200;

function cutTo(report: string, share: number, word: string): string {
  if (report.length <= share) return report;
  const room = share - CLOSING_ROOM - word.length;
  const cut = report.slice(0, Math.max(0, report.lastIndexOf('\n', room)) || room);
  const kept = cut.replace(UNFINISHED, '&lt;');
  return `${kept}${closing(kept)}\n\n${word}`;
}
