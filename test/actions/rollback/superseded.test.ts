import { describe, expect, test } from 'vitest';
import { parseTarget, readInputs } from '../../../src/actions/rollback/inputs.ts';
import { supersededBy } from '../../../src/actions/rollback/superseded.ts';
import type { Site } from '../../../src/engine/site.ts';
import { ConfigError } from '../../../src/errors.ts';
import { soundService } from '../../engine/sound-service.ts';

const arn = (revision: string) => `arn:aws:ecs:eu-west-1:123456789012:task-definition/${revision}`;
const running = (revision: string) => soundService({ taskDefinition: arn(revision) });
const rollout = (to: string, phase = 'stepping') =>
  ({ ledger: { to: arn(to), from: arn('web:1'), phase, holder: 'run 7' } }) as Site;

const read = (given: Readonly<Record<string, string>>) =>
  readInputs((name) => ({ cluster: 'prod', service: 'web', ...given })[name] ?? '', 'eu-west-1');
const from = (text: string) => {
  const { onlyFrom } = read({ 'only-from': text });
  if (!onlyFrom) throw new Error('no only-from');
  return onlyFrom;
};

describe('a rollback from one revision only', () => {
  test.each(['2', 'web:2', arn('web:2')])('goes on while the service runs %s', (text) => {
    expect(supersededBy(from(text), running('web:2'), undefined)).toBeUndefined();
  });

  test.each(['2', 'web:2', arn('web:2')])('goes on beside a rollout of %s', (text) => {
    expect(supersededBy(from(text), running('web:1'), rollout('web:2'))).toBeUndefined();
  });

  test.each([
    ['2', 'web:3', 'web runs web:3, not revision 2'],
    ['web:2', 'api:2', 'web runs api:2, not web:2'],
    ['web:2', 'web:22', 'web runs web:22, not web:2'],
    [arn('web:2'), 'web:1', 'web runs web:1, not web:2'],
  ])('from %s is superseded where the service runs %s', (text, runs, why) => {
    expect(supersededBy(from(text), running(runs), undefined)).toContain(why);
  });

  test("is superseded by another revision's rollout, even beside its own revision", () => {
    expect(supersededBy(from('web:2'), running('web:2'), rollout('web:3'))).toBe(
      'web runs web:2, and a rollout of web:3 is under way, held by run 7',
    );
  });

  test('is not superseded by what an ended rollout has left', () => {
    expect(supersededBy(from('web:2'), running('web:2'), rollout('web:3', 'cleaning'))).toBeUndefined();
    expect(supersededBy(from('web:2'), running('web:3'), rollout('web:2', 'done'))).toContain('web:3');
  });

  test('goes on from what the service runs after its rollout was taken back', () => {
    expect(supersededBy(from('web:2'), running('web:1'), undefined, arn('web:1'))).toBeUndefined();
  });
});

test.each(['latest', 'v1.2.3', 'arn:aws:ecs:x'])('only-from "%s" is refused', (text) => {
  expect(() => read({ 'only-from': text })).toThrow(ConfigError);
});

test('to still takes image tags besides', () => {
  expect(parseTarget('v1.2.3', 'eu-west-1')).toEqual({ kind: 'image-tag', tag: 'v1.2.3' });
  expect(parseTarget('web:2', 'eu-west-1')).toEqual({ kind: 'revision', family: 'web', revision: 2 });
});
