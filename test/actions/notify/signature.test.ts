import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { signature } from '../../../src/actions/notify/signature.ts';

const BODY = '{"status":"success"}';
const SECRET = 'It is a secret';
const NOW = 1_700_000_000_999;

// As openssl computes it: printf '%s' '1700000000.{"status":"success"}' | openssl dgst -sha256 -hmac 'It is a secret'
it('is the HMAC of the time in seconds, a dot and the body', () => {
  expect(signature(BODY, SECRET, NOW)).toEqual([
    ['X-Deploy-Actions-Timestamp', '1700000000'],
    [
      'X-Deploy-Actions-Signature-256',
      'sha256=9b12647217c012ae26c460cd90b7e15001a7a1c667d300ba784426fd8414e1dc',
    ],
  ]);
});

describe('what the README tells receivers to do', async () => {
  const readme = readFileSync(new URL('../../../actions/notify/README.md', import.meta.url), 'utf8');
  const code = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const { isGenuine } = await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
  );
  const headers = Object.fromEntries(
    signature(BODY, SECRET, NOW).map(([name, value]) => [name.toLowerCase(), value]),
  );

  it('takes what was signed', () => {
    expect(isGenuine(headers, BODY, SECRET, NOW + 60_000)).toBe(true);
  });

  it.each([
    ['another body', [headers, `${BODY} `, SECRET, NOW]],
    ['another secret', [headers, BODY, 'another', NOW]],
    ['what is old', [headers, BODY, SECRET, NOW + 301_000]],
    ['another time', [{ ...headers, 'x-deploy-actions-timestamp': '1700000001' }, BODY, SECRET, NOW]],
    ['no time', [{ ...headers, 'x-deploy-actions-timestamp': 'now' }, BODY, SECRET, NOW]],
    ['no signature', [{}, BODY, SECRET, NOW]],
  ] as const)('refuses %s', (_, given) => {
    expect(isGenuine(...given)).toBe(false);
  });
});
