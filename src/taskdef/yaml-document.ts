import type { Json, Path } from './definition.ts';
import type { SyntaxFault, TextPlace } from './text-place.ts';

/** A YAML 1.2 document (merge keys included) as data, and where in the text each value stands. */
export interface YamlDocument {
  readonly value: Json;
  /** Where the value at `path` starts, or the nearest one above it. */
  placeOf(path: Path): TextPlace;
  /** How the scalar at `path` is written: `1.10`, where its value is 1.1. Undefined for what is not a plain scalar. */
  sourceOf(path: Path): string | undefined;
}

/** The parser's own messages may quote the text, which may hold secrets, so these codes get words of ours. */
const MESSAGES: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'this alias is not well formed',
  BAD_DIRECTIVE: 'this directive is not one of YAML 1.2',
  BAD_DQ_ESCAPE: 'this string in double quotes holds an escape that YAML does not know',
  BAD_SCALAR_START: 'a plain value cannot start with this character; put it in quotes',
  DUPLICATE_KEY: 'this key stands twice in its mapping',
  MULTIPLE_DOCS: 'a second document starts here; the file may hold only one',
  NON_STRING_KEY: 'this key is not a text',
  TAG_RESOLVE_FAILED: 'this tag cannot be resolved here; write the value itself',
  UNEXPECTED_TOKEN: 'this does not belong here',
};

/**
 * Reads YAML as data, never as code. The parser is loaded only by this call: most task definitions are plain JSON.
 */
export async function readYaml(text: string): Promise<YamlDocument | SyntaxFault> {
  const { isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: 'error',
    merge: true,
    prettyErrors: false,
    stringKeys: true,
  });
  const place = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // A tag that nobody resolves, such as CloudFormation's !Sub, would otherwise become a wrong text silently.
  const fault = document.errors[0] ?? document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (fault) return { ...place(fault.pos[0]), message: MESSAGES[fault.code] ?? fault.message };

  let value: Json;
  try {
    value = document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { line: 1, column: 1, message: 'an alias (*name) has no anchor (&name), or there are too many' };
  }
  return {
    value,
    placeOf(path) {
      for (let length = path.length; length >= 0; length--) {
        const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        const range = (node as { range?: readonly [number, ...unknown[]] } | null | undefined)?.range;
        if (range) return place(range[0]);
      }
      return { line: 1, column: 1 };
    },
    sourceOf(path) {
      const node: unknown = document.getIn(path, true);
      return isScalar(node) ? node.source : undefined;
    },
  };
}
