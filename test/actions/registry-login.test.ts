import { describe, expect, test } from 'vitest';
import { keptLogin } from '../../src/actions/registry-login.ts';
import type { RegistryLogin } from '../../src/ports.ts';

const HOUR = 3_600_000;

/** ECR that gives passwords p1, p2, ... for twelve hours each, and fails as often as it is told to. */
function registry(failures = 0) {
  let [now, given, left] = [0, 0, failures];
  const masked: string[] = [];
  const login = async (): Promise<RegistryLogin> => {
    await Promise.resolve();
    if (left-- > 0) throw new Error('no');
    const password = `p${++given}`;
    return { endpoint: 'https://r', username: 'AWS', password, expiresAt: now + 12 * HOUR };
  };
  const clock = { now: () => now, sleep: async () => undefined, scale: 1 };
  const kept = keptLogin({ login }, clock, (secret) => masked.push(secret));
  return { kept, masked, advance: (ms: number) => (now += ms), count: () => given };
}

describe('a login that is kept', () => {
  test('is made once for all who ask, and masked in both of its forms', async () => {
    const { kept, masked, count } = registry();
    const all = await Promise.all([kept(), kept(), kept()]);
    expect(all.map(({ password }) => password)).toEqual(['p1', 'p1', 'p1']);
    expect(masked).toEqual(['p1', Buffer.from('AWS:p1').toString('base64')]);
    expect(count()).toBe(1);
  });

  test('is renewed once shortly before its end, though several ask at the same time', async () => {
    const { kept, advance, count } = registry();
    await kept();
    advance(11.8 * HOUR);
    expect((await kept()).password).toBe('p1');
    advance(0.1 * HOUR);
    const all = await Promise.all([kept(), kept(), kept(), kept()]);
    expect(all.map(({ password }) => password)).toEqual(['p2', 'p2', 'p2', 'p2']);
    expect(count()).toBe(2);
  });

  test('is renewed once when the registry refuses it to several', async () => {
    const { kept, count } = registry();
    const first = await kept();
    const all = await Promise.all([kept(first), kept(first), kept(first)]);
    expect(all.map(({ password }) => password)).toEqual(['p2', 'p2', 'p2']);
    expect((await kept(first)).password).toBe('p2');
    expect(count()).toBe(2);
  });

  test('is asked for anew after a failure', async () => {
    const { kept } = registry(1);
    await expect(kept()).rejects.toThrow('no');
    expect((await kept()).password).toBe('p1');
  });
});
