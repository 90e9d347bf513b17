import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Recorder } from '../../src/engine/recorder.ts';
import type { RolloutRecord } from '../../src/report/record.ts';
import type { Observation, Rollout } from '../../src/rollout/controller.ts';
import { NO_EVIDENCE, type Period } from '../../src/rollout/judge/evidence.ts';

const MINUTE = 60_000;
const minutes = (from: number, to: number, errors5xx = 0): readonly Period[] =>
  Array.from({ length: to - from }, (_, index) => ({
    start: (from + index) * MINUTE,
    requests: 1_000,
    answered: 1_000,
    errors5xx,
    errors4xx: 0,
    slower: {},
    means: {},
    settled: true,
  }));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'deploy-actions-record-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a minute is recorded once, and again when CloudWatch says something else of it', () => {
  const path = join(directory, 'record.json');
  const clock = { now: () => 0, sleep: async () => undefined, scale: 1 };
  const recorder = new Recorder(clock, path, expect.unreachable, {
    rolloutId: '1',
    service: 'web',
    cluster: 'prod',
    rollout: {} as Rollout,
  });
  const before = minutes(0, 120);
  let canary = minutes(120, 125);
  const look = (now: number) =>
    recorder.observed({
      now,
      evidence: { ...NO_EVIDENCE, canary, stable: [...canary], before },
    } as unknown as Observation);
  const kept = () => {
    recorder.save();
    return JSON.parse(readFileSync(path, 'utf8')) as RolloutRecord;
  };
  const ofMetrics = () =>
    kept().entries.flatMap((entry) =>
      entry.kind === 'metrics'
        ? [[entry.canary, entry.stable, entry.before].map(({ length }) => length)]
        : [],
    );
  for (let now = 0; now < 10; now++) look(now);
  expect(ofMetrics()).toEqual([[5, 5, 120]]);
  canary = [...minutes(120, 124), ...minutes(124, 126, 3)];
  for (let now = 10; now < 20; now++) look(now);
  expect(ofMetrics()).toEqual([
    [5, 5, 120],
    [2, 2, 0],
  ]);
  const observations = kept().entries.filter(({ kind }) => kind === 'observation');
  expect(observations).toHaveLength(20);
  expect(JSON.stringify(observations)).not.toContain('"requests"');
});
