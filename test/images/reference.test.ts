import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ImageReference,
  isRepositoryName,
  isSameRegistry,
  isTag,
  parseEcrHost,
  parseReference,
  portable,
} from '../../src/images/reference.ts';

const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 2 }))
  .map(([first, more]) => first + more.map(([sign, next]) => sign + next).join(''));
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const registry = fc.oneof(
  fc.constantFrom('localhost', 'localhost:5000', '127.0.0.1:5000', 'registry.example.com', '[::1]:5000'),
  fc.constant('123456789012.dkr.ecr.eu-west-1.amazonaws.com'),
);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);

const format = ({ registry: host, repository, tag: name, digest: hash }: ImageReference): string =>
  [host && `${host}/`, repository, name && `:${name}`, hash && `@${hash}`].filter(Boolean).join('');

describe('a reference', () => {
  test('is read as it was written, whatever parts it has', () => {
    const reference = fc
      .record({ registry, repository: path, tag, digest }, { requiredKeys: ['repository'] })
      // Without a registry, a first part with a dot or the name localhost would be one.
      .filter(
        (each) => each.registry !== undefined || !/^(?:[^/]*\.[^/]*|localhost)\//.test(`${each.repository}`),
      );
    fc.assert(
      fc.property(reference, (each) => {
        expect(parseReference(format(each))).toEqual(each);
      }),
    );
  });

  test('of one part has no registry, even when it looks like one', () => {
    expect(parseReference('localhost')).toEqual({ repository: 'localhost' });
    expect(parseReference('shop.v2')).toEqual({ repository: 'shop.v2' });
    expect(parseReference('team/shop:1')).toEqual({ repository: 'team/shop', tag: '1' });
  });

  test.each([
    '',
    '***.dkr.ecr.eu-west-1.amazonaws.com/shop',
    '/shop',
    'shop:',
    'shop@sha256:12',
    'Shop',
    'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop',
    'shop:v1:v2',
    'shop v1',
    'shop\n',
    'Team/shop',
    'shop/',
    '-shop',
    `shop@sha256:${'g'.repeat(64)}`,
  ])('cannot be %j', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });

  test('of any text either fails or gives back the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const found = parseReference(text);
        if (found) expect(format(found)).toBe(text);
      }),
    );
  });
});

describe('a registry of ECR', () => {
  test.each([
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['123456789012.dkr.ecr.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com', 'us-gov-east-1'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'eu-west-1'],
    ['123456789012.dkr-ecr-fips.us-east-1.on.aws', 'us-east-1'],
    ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
    ['123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
    ['123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1'],
  ])('is found in %s', (host, region) => {
    expect(parseEcrHost(host)).toEqual({ account: '123456789012', region });
  });

  test.each([
    'public.ecr.aws',
    'docker.io',
    '12345.dkr.ecr.eu-west-1.amazonaws.com',
    '123456789012.dkr.ecr.eu-west-1',
    'x123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  ])('is not %s', (host) => {
    expect(parseEcrHost(host)).toBeUndefined();
  });

  test('is the same under its several names', () => {
    const usual = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    expect(isSameRegistry(usual, '123456789012.dkr-ecr.eu-west-1.on.aws')).toBe(true);
    expect(isSameRegistry(usual, '210987654321.dkr.ecr.eu-west-1.amazonaws.com')).toBe(false);
    expect(isSameRegistry(usual, '123456789012.dkr.ecr.eu-west-2.amazonaws.com')).toBe(false);
    expect(isSameRegistry('127.0.0.1:5000', '127.0.0.1:5000')).toBe(true);
    expect(isSameRegistry('ghcr.io', 'docker.io')).toBe(false);
  });
});

test('a name of a repository is one that ECR takes', () => {
  for (const name of ['shop', 'team/shop', 'a.b_c-d/e', '0a'])
    expect(isRepositoryName(name), name).toBe(true);
  const refused = ['s', '', 'a--b', 'a__b', 'Shop', 'shop/', '/shop', 'shop:1', 'a//b', 'x'.repeat(257)];
  for (const name of refused) expect(isRepositoryName(name), name).toBe(false);
});

test('a tag begins with a letter, a digit or an underscore and has up to 128 characters', () => {
  for (const text of ['v1', '_x', '1.2.3-rc.1', 'x'.repeat(128)]) expect(isTag(text), text).toBe(true);
  for (const text of ['', '.x', '-x', 'a b', 'a/b', 'a+b', 'x'.repeat(129), 'x\n']) {
    expect(isTag(text), text).toBe(false);
  }
});

test('the portable form has no account, and is read again', () => {
  const digestOf = `sha256:${'0'.repeat(64)}`;
  expect(portable('team/shop', digestOf)).toBe(`ecr:team/shop@${digestOf}`);
});
