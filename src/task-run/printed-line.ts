/** Colours and weights: `ESC [ ... m`. */
const COLOUR = '\\x1b\\[[\\d;:]*m';
/** Other escape sequences: cursor moves, titles, links, character sets, and what is left of broken ones. */
const OTHER_ESCAPES =
  '\\x1b\\[[\\x30-\\x3f]*[\\x20-\\x2f]*[\\x40-\\x7e]|\\x1b[\\]PX^_][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?|\\x1b[\\x20-\\x2f]*[\\x30-\\x7e]|\\x9b[\\x30-\\x3f]*[\\x20-\\x2f]*[\\x40-\\x7e]';
/** Controls but for the tab; a line of Unicode's own making is a line end to some readers. */
const CONTROLS = '[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u2028\\u2029]';

const UNPRINTED = new RegExp(`(${COLOUR})|(?:${OTHER_ESCAPES})|${CONTROLS}`, 'g');
const COLOURS = new RegExp(COLOUR, 'g');
const LAST_COLOUR = new RegExp(`^[^]*(${COLOUR})`);

/**
 * What a container has written, as lines of the job's log: colours stay, and end with their line; all other controls
 * go. Of a line that was written over by carriage returns, as progress bars do, the last state stays.
 *
 * @param text one event of CloudWatch, which may hold several lines
 */
export const printedLines = (text: string): readonly string[] =>
  text
    .replace(/[\r\n]+$/, '')
    .split(/\r*\n/)
    .map(printedLine);

function printedLine(line: string): string {
  const states = line.split('\r');
  const last = states.findLast((state) => state.trim() !== '') ?? '';
  const clean = last.replace(UNPRINTED, (_, colour: string | undefined) => colour ?? '');
  const [, colour] = LAST_COLOUR.exec(clean) ?? [];
  return colour === undefined || /\[0*m$/.test(colour) ? clean : `${clean}\x1b[0m`;
}

/** A printed line without its colours. */
export const withoutColours = (line: string): string => line.replace(COLOURS, '');
