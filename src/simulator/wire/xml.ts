import type { NormalizedSchema } from '@smithy/core/schema';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
};

export const escapeXml = (text: string): string => text.replace(/[&<>"\r\n]/g, (c) => escapes[c] ?? c);

/** An element; `content` is XML already. */
export const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

/** A structure's members as XML elements, by the schema's own names; absent members are left out. */
export function membersToXml(schema: NormalizedSchema, value: object): string {
  const given = new Map<string, unknown>(Object.entries(value));
  let xml = '';
  for (const [name, member] of schema.structIterator()) {
    const item = given.get(name);
    if (item === undefined) continue;
    const traits = member.getMergedTraits();
    const tag = traits.xmlName ?? name;
    xml += traits.xmlFlattened ? repeated(tag, member, item) : element(tag, contentOf(member, item));
  }
  return xml;
}

function contentOf(schema: NormalizedSchema, value: unknown): string {
  if (schema.isListSchema()) {
    return repeated(schema.getValueSchema().getMergedTraits().xmlName ?? 'member', schema, value);
  }
  if (schema.isMapSchema()) return repeated('entry', schema, value);
  if (schema.isStructSchema() && isObject(value)) return membersToXml(schema, value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return escapeXml(String(value));
}

/** A list's items or a map's entries, each in an element of its own. */
function repeated(tag: string, schema: NormalizedSchema, value: unknown): string {
  const item = schema.getValueSchema();
  if (schema.isListSchema() && Array.isArray(value)) {
    return value.map((v) => element(tag, contentOf(item, v))).join('');
  }
  if (schema.isMapSchema() && isObject(value)) {
    const keyTag = schema.getKeySchema().getMergedTraits().xmlName ?? 'key';
    const valueTag = item.getMergedTraits().xmlName ?? 'value';
    return Object.entries(value)
      .map(([k, v]) => element(tag, element(keyTag, escapeXml(k)) + element(valueTag, contentOf(item, v))))
      .join('');
  }
  return '';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
