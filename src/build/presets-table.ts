import { PRESETS, type Preset } from '../migrations/presets.ts';

/** How a command reads in YAML: words as they are, a script in quotes. */
const words = (command: readonly string[]): string =>
  command.map((word) => (/[\s"]/.test(word) ? `'${word}'` : word)).join(' ');

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

const asked = (command: readonly string[], pattern: RegExp | undefined): string =>
  pattern === undefined ? code(words(command)) : `${code(words(command))}, matching ${code(pattern.source)}`;

const row = (name: string, { command, status, verify, undo }: Preset): string => {
  const cells = [
    code(name),
    code(words(command)),
    status ? asked(status.command, status.upToDate) : 'none',
    verify ? asked(verify.command, verify.matches) : 'none',
    undo ? code(words(undo)) : 'none',
  ];
  return `| ${cells.join(' | ')} |`;
};

/** What each preset of `migrate` runs, needs, and leaves behind when it is stopped, as Markdown. */
export function presetsTable(): string {
  const presets = Object.entries(PRESETS);
  const commands = [
    '| Preset | Migrates with | Up to date when this ends with 0 | Verified when this ends with 0 | Undoes one migration with |',
    '| --- | --- | --- | --- | --- |',
    ...presets.map(([name, preset]) => row(name, preset)),
  ];
  const left = [
    '| Preset | Needs | What a stop in the middle leaves |',
    '| --- | --- | --- |',
    ...presets.map(([name, { needs, interrupted }]) => `| ${code(name)} | ${needs} | ${interrupted} |`),
  ];
  return [...commands, '', ...left].join('\n');
}
