import { describe, expect, test } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { withFrontend } from '../../../src/actions/rollback/frontend.ts';
import { readInputs } from '../../../src/actions/rollback/inputs.ts';
import { scaledClock } from '../../../src/clock.ts';
import type { VersionRecord } from '../../../src/frontend/state.ts';
import { QUIET } from '../quiet-reporter.ts';

const RUN = 'https://github.com/org/web/actions/runs/7';

/** Brings a service back whose frontend `v2` is in service, and tells which version that is afterwards. */
async function versionAfter(
  to: string,
  ended: string | undefined,
  inService: Partial<VersionRecord> | undefined,
): Promise<{ readonly version: string; readonly outputs: Readonly<Record<string, string>> }> {
  const outputs: Record<string, string> = {};
  const context: ActionContext = {
    input: () => '',
    reporter: { ...QUIET, output: (name, value) => void Object.assign(outputs, { [name]: value }) },
    clock: scaledClock(Date.now(), 0, 1),
    env: {},
    cancelled: new AbortController().signal,
  };
  const given: Record<string, string> = { cluster: 'prod', service: 'web', bucket: 'shop', to };
  const inputs = readInputs((name) => given[name] ?? '', undefined);
  if (!inputs.frontend) throw new Error('there is no frontend');
  let version = 'v2';
  await withFrontend(
    context,
    inputs,
    inputs.frontend,
    async () => ended,
    async () => ({
      version: 'v1',
      inService: inService && { id: 'two', name: 'v2', at: 2, ...inService },
      restore: async () => {
        version = 'v1';
        return { outcome: 'rolled-back', version: 'v1', previousVersion: 'v2' };
      },
    }),
  );
  return { version, outputs };
}

describe('the frontend of a service', () => {
  test('goes back after a release that had come to its end', async () => {
    expect((await versionAfter('previous', undefined, { run: RUN })).version).toBe('v1');
  });

  test('stays where the rollout that was under way had not come to it', async () => {
    for (const run of [{}, { run: 'https://github.com/org/web/actions/runs/70' }]) {
      const { version, outputs } = await versionAfter('previous', `${RUN}/attempts/1`, run);
      expect(version).toBe('v2');
      expect(outputs).toMatchObject({ version: 'v2', 'previous-version': 'v2' });
    }
  });

  test('goes back where the same run has released both', async () => {
    expect((await versionAfter('previous', `${RUN}/attempts/2`, { run: RUN })).version).toBe('v1');
  });

  test('goes back where somebody has named the version, or a release of it is unfinished', async () => {
    expect((await versionAfter('v1', `${RUN}/attempts/1`, {})).version).toBe('v1');
    expect((await versionAfter('previous', `${RUN}/attempts/1`, undefined)).version).toBe('v1');
  });
});
