import { test } from 'vitest';
import { checkReleases } from './check-releases.ts';

test('no page is ever there without its assets, whatever is released, restored or killed, and the version before comes back', () =>
  checkReleases(20));
