const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const CELLS = 12;

/** A share of the traffic, 0 to 100, as a bar of fixed width that shows single percents. */
export function weightBar(percent: number): string {
  const eighths = Math.round((Math.min(100, Math.max(0, percent)) / 100) * CELLS * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return `▕${filled.padEnd(CELLS)}▏`;
}

/** Columns that `weightBar` takes. */
export const BAR_WIDTH = CELLS + 2;
