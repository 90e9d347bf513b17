import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Programs that the examples call and that are not on this machine, each as far as they need it. What they did stands
 * in `$CALLS`, a line for each call. Tools of databases keep what they have migrated in the file `$MIGRATED`.
 */
const TOOLS: Readonly<Record<string, string>> = {
  mvn: '',
  pip: '',
  pytest: '',
  black: '',
  mypy: '',
  gh: '',
  npm: `case "$*" in
  "run build -- --configuration production")
    mkdir -p dist/rides/browser
    echo '<script src="main-ABCDEFGH.js"></script>' > dist/rides/browser/index.html
    touch dist/rides/browser/main-ABCDEFGH.js ;;
  "run build")
    mkdir -p dist/migrations
    for file in src/migrations/*.ts; do cp "$file" "dist/migrations/$(basename "$file" .ts).js"; done ;;
esac`,
  flyway: `case "$1" in
  migrate) test -z "$BROKEN" || { echo "ERROR: relation orders does not exist"; exit 1; }
    touch "$MIGRATED"; echo "Successfully applied 1 migration" ;;
  validate) test -f "$MIGRATED" ;;
esac`,
  alembic: `case "$*" in
  heads) echo "$(cat revision) (head)" ;;
  "upgrade head") test -z "$BROKEN" || exit 1
    touch "$MIGRATED" ;;
  "current --check-heads") test -f "$MIGRATED" ;;
  current) test -f "$MIGRATED" && echo "b2 (head)" ;;
  "upgrade b1:head --sql") cat new.sql ;;
  "upgrade b1 --sql") echo "CREATE TABLE trips (id int, note varchar(50));" ;;
  *) exit 2 ;;
esac`,
  npx: `case "$*" in
  *"typeorm migration:run"*) test -z "$BROKEN" || exit 1
    touch "$MIGRATED" ;;
  *"typeorm migration:show"*) test -f "$MIGRATED" && echo "[X] 1 Notes" || echo "[ ] 1 Notes" ;;
  *) exit 2 ;;
esac`,
};

/** Writes them into a directory for the PATH. */
export function writeTools(directory: string): void {
  mkdirSync(directory);
  for (const [name, body] of Object.entries(TOOLS)) {
    const file = join(directory, name);
    writeFileSync(file, `#!/bin/sh\nset -e\ntest -z "$CALLS" || echo "${name} $*" >> "$CALLS"\n${body}\n`);
    chmodSync(file, 0o755);
  }
}

/** In place of the actions that set a language up: it is there already. */
export function writeSetupAction(directory: string): void {
  mkdirSync(directory);
  writeFileSync(
    join(directory, 'action.yml'),
    `name: Set up
inputs:
  distribution: { required: false }
  java-version: { required: false }
  node-version: { required: false }
  python-version: { required: false }
  cache: { required: false }
  cache-dependency-path: { required: false }
runs:
  using: composite
  steps:
    - run: "true"
      shell: bash
`,
  );
}

export const SETUP_ACTIONS = [
  'actions/setup-java@b6effb05e454b25005698d916606bdc6ffcbf961',
  'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020',
  'actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97',
];
