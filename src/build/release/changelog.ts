const HEADING = /^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?[ \t]*$/;

/** What a changelog says of one version. */
export interface ChangelogSection {
  /** `2026-01-31`; `undefined` when the heading names none. */
  readonly date: string | undefined;
  /** Without the heading; empty when there is nothing below it. */
  readonly text: string;
}

/**
 * The section of a version in a changelog as https://keepachangelog.com/en/1.1.0 has it.
 *
 * @param name without the `v`, or `Unreleased`
 */
export function changelogSection(changelog: string, name: string): ChangelogSection | undefined {
  const lines = changelog.split('\n');
  const start = lines.findIndex((line) => HEADING.exec(line)?.[1] === name);
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  // The next section, or the addresses of the versions at the end.
  const end = rest.findIndex((line) => /^## |^\[[^\]]+\]: /.test(line));
  return {
    date: HEADING.exec(lines[start] ?? '')?.[2],
    text: (end < 0 ? rest : rest.slice(0, end)).join('\n').trim(),
  };
}
