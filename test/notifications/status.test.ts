import { expect, it } from 'vitest';
import { headlineOf, STATUSES, statusOf } from '../../src/notifications/status.ts';

const WEB = { service: 'web', version: 'v2', environment: 'production', repository: 'org/shop' };

it.each([
  ['started', 'web v2 is being deployed to production'],
  ['success', 'web v2 was deployed to production'],
  ['promoted', 'web v2 was released in production'],
  ['rolled-back', 'web v2 was rolled back in production'],
  ['failure', 'The deploy of web v2 to production failed'],
  ['cancelled', 'The deploy of web v2 to production was cancelled'],
  ['skipped', 'The deploy of web v2 to production was skipped'],
] as const)('says of %s: %s', (status, headline) => {
  expect(headlineOf(status, WEB)).toBe(headline);
});

it('says no more than is known, and shortens digests', () => {
  const nothing = { service: undefined, version: undefined, environment: undefined, repository: undefined };
  expect(headlineOf('success', nothing)).toBe('The service was deployed');
  expect(headlineOf('success', { ...nothing, repository: 'org/shop' })).toBe('shop was deployed');
  const image = `ecr:shop@sha256:${'0123456789ab'.padEnd(64, 'c')}`;
  expect(headlineOf('failure', { ...nothing, service: 'web', version: image })).toBe(
    'The deploy of web ecr:shop@sha256:0123456789ab failed',
  );
  expect(headlineOf('promoted', { ...nothing, service: 'web', version: 'web:42' })).toBe(
    'web:42 was released',
  );
  expect(headlineOf('success', { ...nothing, service: 'web', version: 'a'.repeat(40) })).toBe(
    'web aaaaaaa was deployed',
  );
});

it('takes outcomes of the other actions for what the deploy has come to by them', () => {
  expect(STATUSES.map(statusOf)).toEqual([...STATUSES]);
  for (const word of ['rollback-failed', 'superseded', 'failed'] as const)
    expect(statusOf(word)).toBe('failure');
  for (const word of ['passed', 'deployed', 'unchanged'] as const) expect(statusOf(word)).toBe('success');
});
