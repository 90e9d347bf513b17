import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSecretHeader, Secrets, secretPart } from '../../src/smoke-test/secrets.ts';
import { fillAddress } from '../../src/smoke-test/template.ts';

describe('secrets', () => {
  test('are taken out of texts in every form in which they are written', () => {
    const secrets = new Secrets();
    secrets.add('a "b"/c', 'token');
    expect(secrets.redacted('x a "b"/c y a%20%22b%22%2Fc z a+%22b%22%2Fc {"a \\"b\\"/c"}')).toBe(
      'x *** y *** z *** {"***"}',
    );
  });

  test('are taken out of addresses, whatever signs they have', () => {
    const secret = fc
      .string({ minLength: 1, unit: 'binary' })
      .filter((value) => !/^(\s*|\.{1,2})$/.test(value));
    fc.assert(
      fc.property(secret, (value) => {
        const secrets = new Secrets();
        secrets.add(value, 'token');
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the list of requests
        const { href } = new URL(fillAddress('https://h/${token}?q=${token}', new Map([['token', value]])));
        const text = secrets.pieces(href).filter((piece) => typeof piece === 'string');
        expect(text.join('').replaceAll(/[htps:/?q=]/g, '')).toBe('');
      }),
      { examples: [["it's"], ['half \ud800']] },
    );
  });

  test('of which one holds another are taken out whole', () => {
    const secrets = new Secrets();
    secrets.add('abc', 'short');
    secrets.add('abcdef', 'long');
    expect(secrets.pieces('abcdef-abc')).toEqual([{ variable: 'LONG' }, '-', { variable: 'SHORT' }]);
  });

  test('have variables of their own, and keep the first that they got', () => {
    const secrets = new Secrets();
    secrets.add('one', 'X-Api-Key');
    secrets.add('two', 'X-Api-Key');
    secrets.add('one', 'token');
    expect(secrets.pieces('one two')).toEqual([{ variable: 'X_API_KEY' }, ' ', { variable: 'X_API_KEY_2' }]);
  });

  test('are never left in a text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', ' ', '%') });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), fc.array(text), (all, parts) => {
        const secrets = new Secrets();
        for (const secret of all) secrets.add(secret, 'x');
        const known = all.filter((secret) => secret.trim() !== '');
        for (const piece of secrets.pieces(parts.join(all[0] ?? ''))) {
          for (const secret of known) expect(typeof piece === 'string' && piece.includes(secret)).toBe(false);
        }
      }),
    );
  });
});

test.each([
  ['Authorization', true],
  ['cookie', true],
  ['X-Api-Key', true],
  ['X-Amz-Security-Token', true],
  ['X-Shop', true],
  ['Accept', false],
  ['X-Tokenizer', false],
])('%s is a secret: %s', (name, secret) => {
  expect(isSecretHeader(name, ['x-shop'])).toBe(secret);
});

test('the scheme of an authorization is no secret', () => {
  expect(secretPart('Authorization', 'Bearer abc')).toBe('abc');
  expect(secretPart('authorization', 'abc')).toBe('abc');
  expect(secretPart('Cookie', 'a=b c')).toBe('a=b c');
});
