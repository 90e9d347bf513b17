/** Names of alarms, one a line: a comma may be part of one. */
export const alarmNames = (text: string | undefined): readonly string[] => [
  ...new Set(
    (text ?? '')
      .split('\n')
      .map((line) => line.trim().replace(/^- /, ''))
      .filter((line) => line !== ''),
  ),
];
