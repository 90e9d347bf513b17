import { expect, test } from 'vitest';
import { findEdge } from '../../../src/actions/frontend/site.ts';
import type { Origin } from '../../../src/frontend/origins.ts';
import type { Distributions } from '../../../src/ports.ts';

const S3 = 'shop.s3.eu-west-1.amazonaws.com';

/** What becomes of a distribution with these origins, for the bucket `shop`. */
async function edge(origins: readonly (string | Origin)[], prefix = '', enabled = true) {
  const warnings: string[] = [];
  const found = {
    domain: 'd1.cloudfront.net',
    aliases: [],
    enabled,
    origins: origins.map((each) => (typeof each === 'string' ? { domain: each, path: '' } : each)),
  };
  const notAsked = async () => {
    throw new Error('only found');
  };
  const distributions: Distributions = { find: async () => found, invalidate: notAsked, state: notAsked };
  const { base } = await findEdge(distributions, 'E1', { bucket: 'shop', prefix }, (line) => {
    warnings.push(line);
  });
  return { base, warnings };
}

test.each([
  'shop.s3.amazonaws.com',
  S3,
  'shop.s3-eu-west-1.amazonaws.com',
  'shop.s3-website-eu-west-1.amazonaws.com',
  'shop.s3-website.eu-central-1.amazonaws.com',
  'shop.s3.dualstack.eu-west-1.amazonaws.com',
  'shop.s3.cn-north-1.amazonaws.com.cn',
])('the origin %s is the bucket, whatever stands beside it', async (domain) => {
  expect(await edge(['api.example.com', 'other.s3.amazonaws.com', domain])).toEqual({
    base: '',
    warnings: [],
  });
});

test('a distribution of other buckets is refused, with their names and the fix', async () => {
  const refused = edge([
    'shop.staging.s3.amazonaws.com',
    'docs.s3-website-eu-west-1.amazonaws.com',
    'a.example.com',
  ]);
  await expect(refused).rejects.toMatchObject({
    problems: [
      {
        input: 'distribution',
        message:
          '"E1" does not serve the bucket "shop" but shop.staging, docs; give the distribution that has the bucket for an origin (aws cloudfront list-distributions), or the bucket that it serves',
      },
    ],
  });
});

test.each([
  'www.example.com',
  'files-abc123-s3alias.s3.eu-west-1.amazonaws.com',
  'm1.mrap.accesspoint.s3-global.amazonaws.com',
])('that it serves the bucket cannot be told of the origin %s, which a warning says', async (domain) => {
  const { warnings } = await edge([domain]);
  expect(warnings).toEqual([expect.stringContaining(`serves the bucket shop: its origins are ${domain}.`)]);
});

test('a prefix outside of the origin path is refused; within, the path is no part of what viewers ask for', async () => {
  const origins = [{ domain: S3, path: '/app' }];
  expect((await edge(origins, 'app/')).base).toBe('app/');
  expect((await edge(origins, 'app/de/')).base).toBe('app/');
  expect((await edge([...origins, S3], 'apple/')).base).toBe('');
  for (const prefix of ['', 'apple/']) {
    await expect(edge(origins, prefix)).rejects.toMatchObject({
      problems: [
        {
          input: 'prefix',
          message: expect.stringMatching(`^"${prefix}" is outside of .*its origin path is /app;`),
        },
      ],
    });
  }
});

test('a disabled distribution is a warning', async () => {
  const { warnings } = await edge([S3], '', false);
  expect(warnings).toEqual([expect.stringContaining('The distribution E1 is disabled')]);
});
