import { expect, test } from 'vitest';
import { INPUTS, openFrontendWorld } from '../actions/frontend/frontend-world.ts';

test('a release goes up pages last, and is seen through CloudFront when the step ends', async () => {
  const before = { 'index.html': { body: 'old', contentType: 'text/html', cacheControl: 'max-age=86400' } };
  const world = await openFrontendWorld({ objects: { ...before, 'photos/cat.jpg': { body: 'a cat' } } });
  expect(world.seen('/')).toBe('old');
  const step = await world
    .job({
      'index.html': '<script src="assets/index-B7kPx3Qz.js">',
      'assets/index-B7kPx3Qz.js': 'start()',
      'robots.txt': 'Allow: /',
      '.env': 'TOKEN=hunter2',
    })
    .run('frontend', { ...INPUTS, version: 'v1.2.3' });
  expect(step.log).not.toContain('::error');
  expect(step.code).toBe(0);
  expect(step.outputs).toMatchObject({
    outcome: 'deployed',
    version: 'v1.2.3',
    'previous-version': '',
    uploaded: '3',
    deleted: '0',
    invalidated: '3',
  });
  const puts = world.simulator.calls.filter(({ operation }) => operation === 'PutObject');
  expect(puts).toHaveLength(6);
  expect(world.keys()).toEqual(['assets/index-B7kPx3Qz.js', 'index.html', 'photos/cat.jpg', 'robots.txt']);
  expect(world.seen('/')).toBe('<script src="assets/index-B7kPx3Qz.js">');
  expect(world.simulator.world.edge.get('/assets/index-B7kPx3Qz.js')).toMatchObject({
    contentType: 'text/javascript; charset=utf-8',
    cacheControl: 'public, max-age=31536000, immutable',
  });
  expect(step.log).toContain('1 file that somebody else put there');
  expect(step.log).toMatch(/::warning::.*names that secrets have: \.env/);
  expect(step.summary).toContain('## ✅ v1.2.3 is in service');
  expect(world.simulator.bugs).toEqual([]);
});
