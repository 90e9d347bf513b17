import { stripVTControlCharacters, styleText } from 'node:util';
import { BAR_WIDTH, weightBar } from './weight-bar.ts';

/** Columns of a line: those of the terminal, within reason. */
const WIDTH = Math.min(118, Math.max(80, process.stdout.columns ?? 118));
/** Clock, bar and percent stand before a line's text. */
const MARGIN = '  ';
const TEXT_COLUMN = MARGIN.length + 5 + 1 + BAR_WIDTH + 1 + 4 + 2;

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Tells one story line by line. Colours are left out where the terminal has none or NO_COLOR asks for it. */
export class Timeline {
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  heading(number: number, title: string, plot: string): void {
    const rule = '━'.repeat(Math.max(0, WIDTH - title.length - 7));
    this.#print('');
    this.#print(
      `${styleText('dim', '━━')} ${styleText('bold', `${number}  ${title}`)} ${styleText('dim', rule)}`,
    );
    for (const line of wrap(plot, WIDTH - MARGIN.length)) this.#print(styleText('dim', `${MARGIN}${line}`));
    this.#print('');
  }

  /** @param at ms since the epoch */
  weight(at: number, percent: number, text: string, colour: Colour): void {
    const bar = styleText(colour, weightBar(percent));
    const share = styleText('bold', `${Math.round(percent)}%`.padStart(4));
    this.#lines(`${MARGIN}${clockTime(at)} ${bar} ${share}  `, text, colour === 'cyan' ? undefined : colour);
  }

  /** @param at ms since the epoch */
  event(at: number, text: string, colour?: Colour): void {
    this.#lines(`${MARGIN}${clockTime(at)}`.padEnd(TEXT_COLUMN), text, colour);
  }

  /** Belongs to the line before it. */
  detail(text: string, colour: Colour = 'dim'): void {
    this.#lines(' '.repeat(TEXT_COLUMN), text, colour);
  }

  /** A line of the account at the end. */
  account(label: string, text: string, colour?: Colour): void {
    this.#lines(`${MARGIN}${styleText('dim', label.padEnd(9))}`, text, colour);
  }

  gap(): void {
    this.#print('');
  }

  #lines(lead: string, text: string, colour: Colour | undefined): void {
    const column = stripVTControlCharacters(lead).length;
    wrap(text, WIDTH - column).forEach((line, index) => {
      const shown = colour === undefined ? line : styleText(colour, line);
      this.#print(`${index === 0 ? lead : ' '.repeat(column)}${shown}`.trimEnd());
    });
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** `HH:MM` in UTC. */
export const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 16);
