import { expect, it } from 'vitest';
import { withStackOutputs } from '../../src/actions/stack-outputs.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Stacks } from '../../src/ports.ts';

const stacks = (asked: string[] = []): Stacks => ({
  async outputs(stack) {
    asked.push(stack);
    return stack === 'Shop' ? new Map(Object.entries({ Cluster: 'prod', Uri: 'r.example/app' })) : undefined;
  },
});

const inputs = (given: Record<string, string>) => (name: string) => given[name] ?? '';

it('puts the outputs of a stack in the place of references, asking for each stack once', async () => {
  const asked: string[] = [];
  const given = {
    cluster: 'cloudformation:Shop.Cluster',
    service: 'web',
    image: 'cloudformation:Shop.Uri@sha256:12ab',
  };
  const read = await withStackOutputs(inputs(given), Object.keys(given), async () => stacks(asked));
  expect(Object.keys(given).map(read)).toEqual(['prod', 'web', 'r.example/app@sha256:12ab']);
  expect(asked).toEqual(['Shop']);
});

it('opens no connection when nothing refers to a stack', async () => {
  const read = await withStackOutputs(inputs({ cluster: 'prod' }), ['cluster'], () =>
    Promise.reject(new Error('opened')),
  );
  expect(read('cluster')).toBe('prod');
});

it('names every reference that leads nowhere, with what there is', async () => {
  const given = {
    cluster: 'cloudformation:Shop.Clustre',
    service: 'cloudformation:Other.Service',
    image: 'cloudformation:Shop',
  };
  const error = await withStackOutputs(inputs(given), Object.keys(given), async () => stacks()).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems.map(({ input, message }) => `${input}: ${message}`)).toEqual([
    'cluster: the stack "Shop" has no output "Clustre"; it has Cluster, Uri',
    'service: the stack "Other" has no output "Service"; there is no such stack',
    'image: "cloudformation:Shop" is not cloudformation:STACK.OUTPUT',
  ]);
});
