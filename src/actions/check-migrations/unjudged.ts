import { matchesGlob } from 'node:path';

/** Directories in which the tools keep migrations; Alembic's may have any name, and its files begin with an id. */
const HOMES =
  /(?:^|\/)(?:migrations?|migrate|changelogs?|alembic\/versions)\/|\/versions\/[0-9a-f]{12}_[^/]*\.py$/i;
const LANGUAGES = /\.(?:sql|py|rb|[cm]?[jt]s|xml|ya?ml|java|kt|go|php|exs|cs)$/i;
/** Files beside migrations, and migrations of others. */
const OTHERS =
  /(?:^|\/)(?:__init__|env)\.py$|[._](?:test|spec)\.\w+$|(?:^|\/)(?:__tests__|tests?|site-packages|vendor|\.venv)\//i;

/** What can print the SQL of a file, by what the file looks like. */
const TOOLS: readonly (readonly [looks: RegExp, tool: string, advice: string])[] = [
  [/\.sql$/i, 'SQL', 'name them in files'],
  [/\/versions\/[^/]*\.py$/i, 'Alembic', 'give sql-command: alembic upgrade DEPLOYED:head --sql'],
  [/\.py$/i, 'Django', 'print python manage.py sqlmigrate APP MIGRATION for each of them by sql-command'],
  [/\.(?:xml|ya?ml)$/i, 'Liquibase', 'give sql-command: liquibase update-sql'],
  [/\.rb$/i, 'Rails', 'migrate a scratch database, and print the SQL that it was sent by sql-command'],
  [/\.php$/i, 'Laravel or Doctrine', 'print their SQL by sql-command, such as php artisan migrate --pretend'],
  [
    /\.cs$/i,
    'Entity Framework',
    'print their SQL by sql-command, such as dotnet ef migrations script DEPLOYED',
  ],
];
const ANY_TOOL = ['a program', 'print the SQL that they run by sql-command'] as const;

/**
 * Those of the paths that look like migrations, and that no pattern names: nobody judges them. Looked at is what lies
 * in or beside the directories that the patterns name; what a pattern with `!` takes away is no migration.
 */
export function unjudgedOf(
  paths: readonly string[],
  judged: ReadonlySet<string>,
  patterns: readonly string[],
): readonly string[] {
  const projects = patterns.filter((pattern) => !pattern.startsWith('!')).map(projectOf);
  const taken = patterns.flatMap((pattern) => (pattern.startsWith('!') ? [pattern.slice(1)] : []));
  return paths.filter(
    (path) =>
      HOMES.test(path) &&
      LANGUAGES.test(path) &&
      !OTHERS.test(path) &&
      !judged.has(path) &&
      projects.some((project) => path.startsWith(project)) &&
      !taken.some((pattern) => matchesGlob(path, pattern)),
  );
}

/** The directory above the one that a pattern names, with a `/` behind it; empty for the workspace. */
function projectOf(pattern: string): string {
  const directories = pattern.split('/').slice(0, -1);
  const open = directories.findIndex((name) => /[*?{}[\]()!]/.test(name));
  const named = open < 0 ? directories : directories.slice(0, open);
  return named
    .slice(0, -1)
    .map((name) => `${name}/`)
    .join('');
}

/** How to have such files judged, such as `they look like Django: ...`. */
export function adviceFor(paths: readonly string[]): string {
  const told = paths.map((path) => {
    const [, tool, advice] = TOOLS.find(([looks]) => looks.test(path)) ?? [undefined, ...ANY_TOOL];
    return `they look like ${tool}: ${advice}`;
  });
  return [...new Set(told)].join('; ');
}

const MOST_NAMED = 5;

/** Paths in a sentence, the first of many. */
export function named(paths: readonly string[]): string {
  const more = paths.length - MOST_NAMED;
  const first = paths.slice(0, MOST_NAMED).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
