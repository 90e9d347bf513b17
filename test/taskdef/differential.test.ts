import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { clean } from '../../src/taskdef/clean.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { sameDefinition } from '../../src/taskdef/equal.ts';
import { parseTaskDefinition } from '../../src/taskdef/parse.ts';
import { render } from '../../src/taskdef/render.ts';
import { validate } from '../../src/taskdef/validate.ts';
import { clientOf } from '../simulator/client-of.ts';
import { movedClock } from '../simulator/moved-clock.ts';
import { PROMPT } from '../simulator/world-under-test.ts';
import { BASES, MUTATIONS, ONLY_VALIDATE } from './mutations.ts';
import { plausibleDefinition } from './plausible.ts';

const EXAMPLES = join(import.meta.dirname, 'examples');
const IMAGE = `registry.example.com/new@sha256:${'0123456789abcdef'.repeat(4)}`;

let simulator: Simulator;
let client: ECSClient;

beforeAll(async () => {
  simulator = await startSimulator({
    clock: movedClock(),
    seed: 1,
    world: (context) => createWorld(context, webShop({ override: PROMPT })),
  });
  client = new ECSClient(clientOf(simulator));
});
afterAll(() => simulator.close());

const errorsOf = (definition: TaskDefinition) =>
  validate(definition, { requireDigest: false })
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);

const register = (definition: TaskDefinition) =>
  client.send(new RegisterTaskDefinitionCommand(definition as unknown as RegisterTaskDefinitionCommandInput));

/** The new image in the first container, as an action renders it. */
const rendered = (definition: TaskDefinition): TaskDefinition =>
  render(definition, {
    containers: [{ container: definition.containerDefinitions[0]?.name, input: 'image', image: IMAGE }],
    task: {},
  }).definition;

const textOf = (definition: TaskDefinition): string => JSON.stringify(definition, null, 2);

async function holds(given: TaskDefinition): Promise<void> {
  const definition = rendered(given);
  expect(errorsOf(definition)).toEqual([]);
  const { taskDefinition } = await register(definition);
  const answer = await client.send(
    new DescribeTaskDefinitionCommand({
      taskDefinition: taskDefinition?.taskDefinitionArn,
      include: ['TAGS'],
    }),
  );
  const described: TaskDefinition = JSON.parse(
    JSON.stringify({ ...answer.taskDefinition, tags: answer.tags }),
  );
  expect(sameDefinition(described, definition)).toBe(true);
  expect(textOf(rendered(definition))).toBe(textOf(definition));
  expect(textOf(rendered(described))).toBe(textOf(clean(described)));
}

describe('a valid task definition, rendered', () => {
  it('is found valid, is taken by AWS, comes back the same, and renders to itself', async () => {
    await fc.assert(fc.asyncProperty(plausibleDefinition, holds), { numRuns: 200 });
  });

  it.each(readdirSync(EXAMPLES))('is all that for %s', async (file) => {
    await holds(await parseTaskDefinition(readFileSync(join(EXAMPLES, file), 'utf8'), file));
  });

  it('is all that for what the faults are put into', async () => {
    for (const base of BASES) await holds(base);
  });
});

describe('a task definition with one fault', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.fault, mutation.definition] as const))(
    'is found and refused: %s',
    async (_, definition) => {
      expect(errorsOf(definition)).not.toEqual([]);
      const name = await register(definition).then(
        () => 'taken',
        (error: Error) => error.name,
      );
      expect(name).toMatch(/^(Client|InvalidParameter|Validation)Exception$/);
    },
  );

  it.each(ONLY_VALIDATE.map(({ fault, why, definition }) => [fault, why, definition] as const))(
    'is found before AWS takes it: %s, for %s',
    async (_fault, _why, definition) => {
      expect(errorsOf(definition)).not.toEqual([]);
      await expect(register(definition)).resolves.toHaveProperty('taskDefinition');
    },
  );
});
