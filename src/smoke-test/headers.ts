/** Headers that say where a message ends and what the connection does: those the client sets itself. */
const OWN = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * What is wrong with a header, without its value, which may be a secret.
 * https://www.rfc-editor.org/rfc/rfc9110#name-fields
 */
export function headerProblem(name: string, value: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'is no name of a header; take letters, digits and hyphens';
  if (OWN.has(name.toLowerCase())) return 'is set by the action itself; leave it out';
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    return 'has a value with a line end or another character that no header may hold; leave it out or encode it';
  }
  return undefined;
}

export interface HeaderLines {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/** Reads `Name: value` lines; blank lines and those that begin with `#` are passed over. */
export function parseHeaderLines(text: string): HeaderLines {
  const headers: (readonly [string, string])[] = [];
  const problems: { line: number; message: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    const wrong = colon < 0 ? 'has no ":"; write Name: value' : headerProblem(name, value);
    if (wrong === undefined) headers.push([name, value]);
    else problems.push({ line: index + 1, message: colon < 0 ? wrong : `"${name}" ${wrong}` });
  }
  return { headers, problems };
}
