import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_OUTPUT, Output } from '../../src/task-run/output.ts';
import { printedLines, withoutColours } from '../../src/task-run/printed-line.ts';
import { WholeLines } from '../../src/task-run/whole-lines.ts';

const ESC = '\x1b';

describe('a line of a container', () => {
  it.each([
    ['plain text, with a tab', 'a\tb', ['a\tb']],
    [
      'colours',
      `${ESC}[1;31mred${ESC}[0m and ${ESC}[38;5;9mother${ESC}[m`,
      [`${ESC}[1;31mred${ESC}[0m and ${ESC}[38;5;9mother${ESC}[m`],
    ],
    ['a colour that nobody ended', `${ESC}[31mred`, [`${ESC}[31mred${ESC}[0m`]],
    ['moves of the cursor', `${ESC}[2K${ESC}[1Gdone${ESC}[?25h`, ['done']],
    [
      'a title and a link',
      `${ESC}]0;title\x07here ${ESC}]8;;https://x${ESC}\\link${ESC}]8;;${ESC}\\`,
      ['here link'],
    ],
    ['an 8-bit sequence', '\x9b31mred', ['red']],
    ['bells, zeros and line ends of other alphabets', 'a\x07b\x00c\u2028d\x85e', ['abcde']],
    ['a broken escape', `end${ESC}`, ['end']],
    ['a progress bar', '10%\r50%\r100%\r\n', ['100%']],
    ['a line of Windows', 'one\r\n', ['one']],
    [
      'an event of several lines',
      'Traceback\n  File "x"\n\nError\n',
      ['Traceback', '  File "x"', '', 'Error'],
    ],
  ])('is printed with %s', (_, text, lines) => {
    expect(printedLines(text)).toEqual(lines);
  });

  it('never holds a line end or a control but tabs and colours', () => {
    const nasty = fc.array(
      fc.constantFrom(ESC, '[', ']', '31m', '0', ';', '\r', '\n', '\x07', '\x9b', '\x85', ':', 'a', '#'),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(nasty, (parts) => {
        for (const printed of printedLines(parts.join(''))) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
          expect(withoutColours(printed)).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/);
        }
      }),
    );
  });

  it('loses its colours where it is matched', () => {
    const output = new Output();
    output.add(`${ESC}[32mINFO${ESC}[0m  [alembic] ${ESC}[1mabc (head)`);
    expect(output.text()).toBe('INFO  [alembic] abc (head)');
  });

  it('is dropped from the beginning where there are too many', () => {
    const output = new Output();
    const text = 'x'.repeat(99_999);
    for (let i = 0; i < 40; i++) output.add(`${String(i).padStart(3)}${text}`);
    expect(output.text().length).toBeLessThanOrEqual(MAX_OUTPUT);
    expect(output.text().length).toBeGreaterThan(MAX_OUTPUT - 100_100);
    expect(output.text().split('\n').at(-1)).toMatch(/^ 39/);
  });
});

describe('a line that was too long for an event', () => {
  const events = (...texts: readonly string[]) => texts.map((text) => ({ at: 1, takenInAt: 1, text }));
  const piece = 'x'.repeat(262_118);

  it('is put together, from pieces of any driver, across updates', () => {
    const whole = new WholeLines();
    expect(whole.take(events('before', piece))).toEqual(['before']);
    expect(whole.take(events(piece, 'end', 'after'))).toEqual([`${piece}${piece}end`, 'after']);
    // Cut before a character of three bytes.
    const shorter = 'x'.repeat(262_116);
    expect(whole.take(events(shorter, '€'))).toEqual([`${shorter}€`]);
    const bigger = 'x'.repeat(1_048_550);
    expect(whole.take(events(bigger, 'y'))).toEqual([`${bigger}y`]);
  });

  it('is not lost when nothing comes after its last piece', () => {
    const whole = new WholeLines();
    expect(whole.take(events(piece))).toEqual([]);
    expect(whole.rest()).toEqual([piece]);
    expect(whole.rest()).toEqual([]);
  });

  it('is no matter of lines that are merely long', () => {
    const long = 'x'.repeat(200_000);
    expect(new WholeLines().take(events(long, 'next'))).toEqual([long, 'next']);
  });
});
