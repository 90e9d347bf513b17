import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** What a TLS server needs. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** PEM, for those who trust it. */
  readonly cert: string;
  /** @param names DNS names and IP addresses */
  issue(names: readonly string[], valid?: { readonly from?: Date; readonly to?: Date }): Identity;
}

const DAY = 86_400_000;

/** ASN.1 in DER: https://www.itu.int/rec/T-REC-X.690 */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const octets = (content: Uint8Array) => der(0x04, content);
const time = (date: Date) =>
  der(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`));
const commonName = (name: string) =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_ALT_NAME = '551d11';

function address(name: string): Buffer {
  if (isIPv4(name)) return Buffer.from(name.split('.').map(Number));
  // Only what tests need of IPv6.
  if (name === '::1') return Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
  throw new Error(`no address that can be written: ${name}`);
}

const generalName = (name: string) =>
  /^[\d.]+$|:/.test(name) ? der(0x87, address(name)) : der(0x82, Buffer.from(name));

const pem = (label: string, content: Buffer) =>
  [
    `-----BEGIN ${label}-----`,
    ...(content.toString('base64').match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    '',
  ].join('\n');

/** A certificate by https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
function certificate(
  subject: { readonly name: string; readonly key: KeyObject },
  issuer: { readonly name: string; readonly key: KeyObject },
  from: Date,
  to: Date,
  extension: Buffer,
): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ECDSA_WITH_SHA256,
    commonName(issuer.name),
    sequence(time(from), time(to)),
    commonName(subject.name),
    subject.key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = sign('sha256', body, issuer.key);
  return pem('CERTIFICATE', sequence(body, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature)));
}

/** An authority of its own, whom nobody trusts who is not told to. */
export function makeAuthority(now = new Date()): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Its name tells it from others, as its key does.
  const name = `authority ${randomBytes(4).toString('hex')}`;
  const [from, to] = [new Date(now.getTime() - 400 * DAY), new Date(now.getTime() + 400 * DAY)];
  const isAuthority = sequence(
    oid(BASIC_CONSTRAINTS),
    der(0x01, Buffer.from([0xff])),
    octets(sequence(der(0x01, Buffer.from([0xff])))),
  );
  return {
    cert: certificate({ name, key: publicKey }, { name, key: privateKey }, from, to, isAuthority),
    issue(names, valid = {}) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = sequence(oid(SUBJECT_ALT_NAME), octets(sequence(...names.map(generalName))));
      return {
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        cert: certificate(
          { name: names[0] ?? '', key: own.publicKey },
          { name, key: privateKey },
          valid.from ?? new Date(now.getTime() - DAY),
          valid.to ?? new Date(now.getTime() + DAY),
          alternatives,
        ),
      };
    },
  };
}
