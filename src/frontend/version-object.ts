import type { Entry } from './entry.ts';
import type { VersionRecord } from './state.ts';

/** A version as it is kept: its files, and the bytes of those that the next versions may overwrite. */
export interface Version {
  readonly record: VersionRecord;
  readonly files: readonly Entry[];
  /** By SHA-256 in hex. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

interface Head {
  readonly format: 1;
  readonly record: VersionRecord;
  readonly files: readonly Entry[];
  readonly contents: readonly (readonly [sha256: string, size: number])[];
}

const LINE_END = 0x0a;

/** A line of JSON, and behind it the contents, one after the other. */
export function encodeVersion({ record, files, contents }: Version): Uint8Array {
  const head: Head = {
    format: 1,
    record,
    files,
    contents: [...contents].map(([sha256, body]) => [sha256, body.length]),
  };
  const parts = [new TextEncoder().encode(`${JSON.stringify(head)}\n`), ...contents.values()];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @returns undefined where the bytes are something else */
export function decodeVersion(bytes: Uint8Array): Version | undefined {
  const end = bytes.indexOf(LINE_END);
  if (end < 0) return undefined;
  let head: Partial<Head> | null;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  } catch {
    return undefined;
  }
  if (head?.format !== 1 || !head.record || !head.files || !head.contents) return undefined;
  const contents = new Map<string, Uint8Array>();
  let at = end + 1;
  for (const [sha256, size] of head.contents) {
    contents.set(sha256, bytes.subarray(at, at + size));
    at += size;
  }
  return at > bytes.length ? undefined : { record: head.record, files: head.files, contents };
}
