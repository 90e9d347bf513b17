import { describe, test } from 'vitest';
import { FAILING, nameOf, takesBack } from './failing-gates.ts';

describe.concurrent('gates', () => {
  for (const failing of FAILING) {
    test(`take a release back that does not meet ${nameOf(failing)}`, () => takesBack(failing));
  }
});
