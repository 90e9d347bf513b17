import { printedLines, withoutColours } from './printed-line.ts';

/** What is kept of a container's output, in characters. */
export const MAX_OUTPUT = 1_000_000;

/** The end of a container's output, for matching: without colours and controls. */
export class Output {
  #lines: string[] = [];
  #size = 0;

  add(text: string): void {
    for (const printed of printedLines(text)) {
      const line = withoutColours(printed).slice(-MAX_OUTPUT);
      this.#lines.push(line);
      this.#size += line.length + 1;
    }
    // Now and then, as the beginning of a long list is dear to take away.
    if (this.#size > 2 * MAX_OUTPUT) this.#trim();
  }

  text(): string {
    this.#trim();
    return this.#lines.join('\n');
  }

  #trim(): void {
    let first = 0;
    while (this.#size > MAX_OUTPUT + 1 && first < this.#lines.length - 1) {
      this.#size -= (this.#lines[first]?.length ?? 0) + 1;
      first += 1;
    }
    this.#lines = this.#lines.slice(first);
  }
}
