/**
 * Writes what follows from the action files: the tables of inputs and outputs in each action's README, and the JSON
 * Schema of canary's config file; the policies in the READMEs and those of the workflows, from the actions' policies; and
 * the table of the fields of task definitions, which follows from the SDK.
 * `--check` writes nothing and fails when something is stale.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { CONFIG_KEYS } from '../actions/canary/inputs.ts';
import { commandText } from '../actions/migrate/identity.ts';
import { PRESETS } from '../migrations/presets.ts';
import { STRATEGY_NAMES } from '../rollout/plan.ts';
import { policies } from './policies.ts';
import { taskDefinitionFields } from './task-definition-fields.ts';
import { withWorkflowTables } from './workflow-tables.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ACTIONS = join(ROOT, 'actions');

interface Described {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string;
}

interface ActionFile {
  readonly inputs: Readonly<Record<string, Described>>;
  readonly outputs?: Readonly<Record<string, Described>>;
}

const read = (action: string): ActionFile => parse(readFileSync(join(ACTIONS, action, 'action.yml'), 'utf8'));

const cell = (text: string): string => text.trim().replaceAll('|', '\\|').replaceAll('\n', ' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const inputsTable = ({ inputs }: ActionFile): string =>
  table(
    ['Input', 'Description', 'Default'],
    Object.entries(inputs).map(([name, { description, required, default: value }]) => [
      `\`${name}\``,
      description,
      required ? '**required**' : value ? `\`${value}\`` : '',
    ]),
  );

const outputsTable = ({ outputs = {} }: ActionFile): string =>
  table(
    ['Output', 'Description'],
    Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]),
  );

/** What the presets of `migrate` run. */
const presetsTable = (): string =>
  table(
    ['`preset`', 'Asks before', 'Runs', 'Looks afterwards', 'Undo', 'Needs'],
    Object.entries(PRESETS).map(([name, { command, status, verify, undo, needs }]) => [
      `\`${name}\``,
      ...[status?.command, command, verify?.command, undo].map((words) =>
        words ? `\`${commandText(words)}\`` : '',
      ),
      needs,
    ]),
  );

/** What migrations leave that are stopped in the middle. */
const interruptionsTable = (): string =>
  table(
    ['`preset`', 'What a stop in the middle leaves'],
    Object.entries(PRESETS).map(([name, { interrupted }]) => [`\`${name}\``, interrupted]),
  );

/** Puts a table between its markers; a README without them is as it should be only when it has none. */
function fill(text: string, name: string, content: string): string {
  const markers = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!markers.test(text))
    throw new Error(`a README has no place for ${name}: <!-- ${name} --> ... <!-- /${name} -->`);
  return text.replace(markers, (_, begin, end) => `${begin}\n${content}\n${end}`);
}

/** The JSON Schema of a config file, https://json-schema.org/draft/2020-12/schema. */
function configSchema({ inputs }: ActionFile): unknown {
  const lines = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
  const shapes: Readonly<Record<string, object>> = {
    strategy: { enum: STRATEGY_NAMES },
    steps: lines,
    gates: lines,
    alarms: lines,
    'min-requests': { type: 'integer', minimum: 1 },
    'on-no-evidence': { enum: ['auto', 'hold', 'roll-back', 'proceed'] },
    'on-stable-failing': { enum: ['hold', 'proceed'] },
    'after-hold': { enum: ['roll-back', 'proceed'] },
    capacity: { anyOf: [{ enum: ['auto', 'full'] }, { type: 'integer', minimum: 1 }] },
    'dry-run': { type: 'boolean' },
  };
  const metric = {
    type: 'object',
    required: ['namespace', 'metric'],
    additionalProperties: false,
    properties: {
      namespace: { type: 'string' },
      metric: { type: 'string' },
      dimensions: {
        type: 'object',
        description:
          'Values may be {cluster}, {service}, {target-group} or {load-balancer}, which stand for the side that is measured',
        additionalProperties: { type: 'string' },
      },
      stat: { type: 'string', default: 'Average' },
    },
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'deploy-actions canary',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(
        CONFIG_KEYS.map((key) => [
          key,
          { description: inputs[key]?.description.trim(), ...(shapes[key] ?? { type: 'string' }) },
        ]),
      ),
      metrics: {
        type: 'object',
        description: 'CloudWatch metrics, or expressions over some, by the name that `metric NAME` gates use',
        additionalProperties: {
          anyOf: [
            metric,
            {
              type: 'object',
              required: ['expression', 'metrics'],
              additionalProperties: false,
              properties: {
                expression: { type: 'string' },
                metrics: { type: 'object', additionalProperties: metric },
              },
            },
          ],
        },
      },
    },
  };
}

const files = new Map<string, string>();
for (const action of readdirSync(ACTIONS)) {
  const path = join(ACTIONS, action, 'README.md');
  const file = read(action);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  files.set(path, fill(fill(text, 'inputs', inputsTable(file)), 'outputs', outputsTable(file)));
}
const migrate = join(ACTIONS, 'migrate', 'README.md');
files.set(migrate, fill(files.get(migrate) ?? '', 'presets', presetsTable()));
const presets = join(ACTIONS, 'migrate', 'presets.md');
files.set(presets, fill(readFileSync(presets, 'utf8'), 'interruptions', interruptionsTable()));
files.set(
  join(ACTIONS, 'canary', 'config.schema.json'),
  `${JSON.stringify(configSchema(read('canary')), undefined, 2)}\n`,
);
files.set(join(ROOT, 'src/taskdef/fields.ts'), taskDefinitionFields());
const permissions = policies(ROOT);
for (const [path, text] of permissions.files) files.set(join(ROOT, path), text);
for (const [action, section] of permissions.sections) {
  const path = join(ACTIONS, action, 'README.md');
  files.set(path, fill(files.get(path) ?? '', 'policy', section));
}
const pipelines = join(ROOT, '.github/guides/pipelines.md');
files.set(pipelines, withWorkflowTables(readFileSync(pipelines, 'utf8'), ROOT, { table, fill }));

const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${relative(ROOT, path)} is stale; run npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
