import type { NormalizedSchema } from '@smithy/core/schema';
import { faultOf, type Protocol } from './protocol.ts';
import { element, escapeXml, membersToXml } from './xml.ts';

/** The AWS query protocol: a form comes in, XML goes out. */
export const queryProtocol: Protocol = {
  readInput(operation, request) {
    const root = new FormNode();
    for (const [key, value] of new URLSearchParams(request.body.toString())) {
      if (key !== 'Action' && key !== 'Version') root.at(key.split('.')).text = value;
    }
    return fromForm(operation.input, root);
  },

  writeOutput(service, operation, output, _request, requestId) {
    const { name } = operation;
    const result = operation.output.isUnitSchema()
      ? ''
      : element(`${name}Result`, membersToXml(operation.output, output));
    const metadata = element('ResponseMetadata', element('RequestId', requestId));
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<${name}Response xmlns="${service.xmlNamespace}">${result}${metadata}</${name}Response>`,
    };
  },

  writeError(service, error, _request, requestId) {
    const content =
      element('Type', faultOf(error)) +
      element('Code', escapeXml(error.code)) +
      element('Message', escapeXml(error.message)) +
      Object.entries(error.body)
        .map(([name, value]) => element(name, escapeXml(String(value))))
        .join('');
    return {
      status: error.status,
      headers: { 'content-type': 'text/xml' },
      body:
        `<ErrorResponse xmlns="${service.xmlNamespace}">${element('Error', content)}` +
        `${element('RequestId', requestId)}</ErrorResponse>`,
    };
  },
};

/** The form's dotted keys as a tree: `Tags.member.1.Key=a` is the text `a` four steps down. */
class FormNode {
  text: string | undefined;
  readonly children = new Map<string, FormNode>();

  at(path: readonly string[]): FormNode {
    const [step, ...rest] = path;
    if (step === undefined) return this;
    const child = this.children.get(step) ?? new FormNode();
    this.children.set(step, child);
    return child.at(rest);
  }

  /** The children named by numbers, in the order of these. */
  items(): FormNode[] {
    return [...this.children]
      .filter(([step]) => /^\d+$/.test(step))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, node]) => node);
  }
}

/** What does not fit the schema is handed on as it is, so that the check can name it. */
function fromForm(schema: NormalizedSchema, node: FormNode): unknown {
  if (schema.isStructSchema()) return structureFromForm(schema, node);
  if (schema.isListSchema()) return listFromForm(schema, node);
  if (schema.isMapSchema()) return mapFromForm(schema, node);
  if (node.text === undefined) return Object.fromEntries(node.children);
  return simpleFromText(schema, node.text);
}

function structureFromForm(schema: NormalizedSchema, node: FormNode): unknown {
  if (node.text !== undefined && node.text !== '') return node.text;
  const members = new Map<string, { name: string; schema: NormalizedSchema }>();
  for (const [name, member] of schema.structIterator()) {
    members.set(member.getMergedTraits().xmlName ?? name, { name, schema: member });
  }
  return Object.fromEntries(
    [...node.children].map(([key, child]) => {
      const member = members.get(key);
      return member ? [member.name, fromForm(member.schema, child)] : [key, child.text ?? '...'];
    }),
  );
}

function listFromForm(schema: NormalizedSchema, node: FormNode): unknown {
  // `Key=` alone is how an empty list is written.
  if (node.text !== undefined) return node.text === '' ? [] : node.text;
  const item = schema.getValueSchema();
  const traits = item.getMergedTraits();
  const holder = schema.getMergedTraits().xmlFlattened ? node : node.children.get(traits.xmlName ?? 'member');
  return (holder?.items() ?? []).map((child) => fromForm(item, child));
}

function mapFromForm(schema: NormalizedSchema, node: FormNode): unknown {
  if (node.text !== undefined) return node.text === '' ? {} : node.text;
  const holder = schema.getMergedTraits().xmlFlattened ? node : node.children.get('entry');
  const keyName = schema.getKeySchema().getMergedTraits().xmlName ?? 'key';
  const value = schema.getValueSchema();
  const valueName = value.getMergedTraits().xmlName ?? 'value';
  return Object.fromEntries(
    (holder?.items() ?? []).map((entry) => [
      entry.children.get(keyName)?.text ?? '',
      fromForm(value, entry.children.get(valueName) ?? new FormNode()),
    ]),
  );
}

/** A number, truth value, time, blob or string as text holds it. */
export function simpleFromText(schema: NormalizedSchema, text: string): unknown {
  if (schema.isNumericSchema()) return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (schema.isBooleanSchema()) return text === 'true' ? true : text === 'false' ? false : text;
  if (schema.isTimestampSchema()) {
    const date = new Date(/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : text);
    return Number.isNaN(date.getTime()) ? text : date;
  }
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'));
  return text;
}
