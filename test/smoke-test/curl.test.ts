import fc from 'fast-check';
import { parse } from 'shell-quote';
import { describe, expect, test } from 'vitest';
import { type CurlSettings, curlLine } from '../../src/smoke-test/curl.ts';
import type { HttpRequest } from '../../src/smoke-test/exchange.ts';
import { Secrets } from '../../src/smoke-test/secrets.ts';

const SETTINGS: CurlSettings = { timeoutMs: 10_000, redirects: 'same-host', maxRedirects: 5 };
const GET: HttpRequest = { method: 'GET', url: new URL('https://shop.example.com/?a=b&c=d'), headers: [] };

const line = (request: Partial<HttpRequest>, settings: Partial<CurlSettings> = {}, secrets = new Secrets()) =>
  curlLine({ ...GET, ...request }, { ...SETTINGS, ...settings }, secrets);

describe('a curl line', () => {
  test('says what differs from what curl does by itself', () => {
    expect(line({})).toBe("curl -sS -i -g --compressed --max-time 10 'https://shop.example.com/?a=b&c=d'");
    expect(line({ method: 'HEAD' })).toContain(' --head ');
    expect(line({ method: 'PUT', body: 'x' })).toContain(' -X PUT -H Content-Type: --data-raw x ');
    expect(line({ method: 'POST', body: '' })).toContain(" --data-raw '' ");
    expect(line({ method: 'POST' })).toContain(' -X POST ');
    expect(line({}, { redirects: 'always' })).toContain(' -L --max-redirs 5 ');
    expect(line({ headers: [['X-Empty', '']] })).toContain(" -H 'X-Empty;' ");
  });

  test('connects where the request did', () => {
    expect(line({ connectTo: { host: '10.0.0.1', port: undefined } })).toContain(
      ' --connect-to shop.example.com:443:10.0.0.1:443 ',
    );
    expect(line({ url: new URL('http://[::1]:81/'), connectTo: { host: '::2', port: 8080 } })).toContain(
      " --connect-to '[::1]:81:[::2]:8080' ",
    );
  });

  test('holds line ends as bash and zsh write them', () => {
    expect(line({ method: 'POST', body: "a\n'b'\u0001" })).toContain(" --data-raw $'a\\n\\'b\\'\\u0001' ");
  });

  test('gives a shell the very header, secrets from variables', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', "'", '"', '$', '\\', ' ', '*', '`', '!', 'SECRET'),
    });
    fc.assert(
      fc.property(value, (text) => {
        const secrets = new Secrets();
        secrets.add('SECRET', 'token');
        const written = line({ headers: [['X-Text', `v${text}`]] }, {}, secrets);
        expect(written).not.toContain('SECRET');
        const words = parse(written, { TOKEN: 'SECRET' });
        expect(words[words.indexOf('-H') + 1]).toBe(`X-Text: v${text}`);
      }),
    );
  });
});
