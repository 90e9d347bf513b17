import type { LogLine } from '../ports.ts';

/**
 * Log drivers cut a line that is too long for an event of CloudWatch into pieces of these many bytes (256 KiB, or 1 MiB
 * since 2025, less what an event takes itself), a few less where a character would be cut.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */
const PIECES = [262_144 - 26, 1_048_576 - 26] as const;

const isPiece = (text: string): boolean => {
  if (text.length * 3 < PIECES[0] - 3) return false;
  const bytes = Buffer.byteLength(text);
  return PIECES.some((size) => bytes <= size && bytes > size - 4);
};

/** Puts the pieces of long lines together again. */
export class WholeLines {
  #held: string | undefined;

  /** @returns the texts that are whole now; a piece waits for the event after it */
  take(lines: readonly LogLine[]): readonly string[] {
    const whole: string[] = [];
    for (const { text } of lines) {
      this.#held = (this.#held ?? '') + text;
      if (!isPiece(text)) whole.push(...this.rest());
    }
    return whole;
  }

  /** What was waiting. */
  rest(): readonly string[] {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? [] : [held];
  }
}
