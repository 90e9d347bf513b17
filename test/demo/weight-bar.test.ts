import { expect, test } from 'vitest';
import { weightBar } from '../../src/demo/weight-bar.ts';

test.each([
  [0, '▕            ▏'],
  [1, '▕▏           ▏'],
  [5, '▕▋           ▏'],
  [50, '▕██████      ▏'],
  [99, '▕███████████▉▏'],
  [100, '▕████████████▏'],
])('draws %d%% of the traffic', (percent, bar) => {
  expect(weightBar(percent)).toBe(bar);
});
