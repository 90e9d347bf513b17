import { expect, it } from 'vitest';
import { carryOut } from '../../../src/actions/alarms/carry-out.ts';
import type { Inputs } from '../../../src/actions/alarms/inputs.ts';
import { type Cloud, observe } from '../../../src/actions/alarms/observe.ts';
import { annotated } from '../../../src/alarms/annotations.ts';
import { tagsOf } from '../../../src/alarms/names.ts';
import { systemClock } from '../../../src/clock.ts';
import type { JsonObject } from '../../../src/taskdef/definition.ts';
import { SERVICE } from '../../alarms/definitions.ts';

const INPUTS: Inputs = {
  cluster: 'prod',
  service: 'web',
  definition: undefined,
  region: undefined,
  dashboard: undefined,
  annotation: 'ours',
  dryRun: false,
};
const EMPTY: JsonObject = { widgets: [{ type: 'metric', properties: { title: 'a' } }] };
/** No time passes while a test waits. */
const clock = { ...systemClock, sleep: async () => {} };

/** A dashboard that somebody else writes right after each of our first writes, from what they had read before. */
function contested(times: number): Cloud & { body: () => string } {
  let body = JSON.stringify(EMPTY);
  let lost = 0;
  return {
    body: () => body,
    alarms: {
      find: async () => [],
      tags: async (arns) => new Map(arns.map((arn) => [arn, tagsOf(SERVICE)])),
      put: async () => {},
      delete: async () => {},
    },
    dashboards: {
      find: async () => ({ arn: 'arn:dashboard', body }),
      put: async (_name, given) => {
        const theirs = JSON.stringify(annotated(JSON.parse(body), { label: 'theirs', at: 0 }));
        body = lost++ < times ? theirs : given;
      },
      delete: async () => {},
    },
  };
}

const mark = async (cloud: Cloud, said: string[] = []) =>
  carryOut(await observe(INPUTS, SERVICE, cloud, 60_000), SERVICE, cloud, 'ours', {
    clock,
    cancelled: new AbortController().signal,
    say: (line) => said.push(line),
  });

it('marks the dashboard once more when somebody else has written it at the same moment, and keeps their mark', async () => {
  const cloud = contested(2);
  const said: string[] = [];
  await mark(cloud, said);
  expect(said).toHaveLength(2);
  expect(JSON.parse(cloud.body()).widgets[0].properties.annotations.vertical).toEqual([
    { label: 'theirs', value: '1970-01-01T00:00:00Z' },
    { label: 'ours', value: '1970-01-01T00:01:00Z' },
  ]);
});

it('gives up when that never ends, and says so', async () => {
  await expect(mark(contested(99))).rejects.toMatchObject({
    name: 'DeployError',
    message: 'the dashboard prod_web was written by others again and again',
  });
});
