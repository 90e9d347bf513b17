import type { NormalizedSchema } from '@smithy/core/schema';
import { faultOf, type Protocol, type WireRequest } from './protocol.ts';
import { element, escapeXml, membersToXml } from './xml.ts';

/** The AWS query protocol: a form comes in, XML goes out. */
export const queryProtocol: Protocol = {
  readInput: (operation, request) => readForm(operation.input, request, QUERY),

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

/** The query protocol as EC2 speaks it: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export const ec2Protocol: Protocol = {
  readInput: (operation, request) => readForm(operation.input, request, EC2),

  writeOutput(service, operation, output, _request, requestId) {
    const { name } = operation;
    const members = operation.output.isUnitSchema() ? '' : membersToXml(operation.output, output);
    return {
      status: 200,
      headers: { 'content-type': 'text/xml;charset=UTF-8' },
      body:
        `<${name}Response xmlns="${service.xmlNamespace}">${element('requestId', requestId)}` +
        `${members}</${name}Response>`,
    };
  },

  writeError(_service, error, _request, requestId) {
    const content = element('Code', escapeXml(error.code)) + element('Message', escapeXml(error.message));
    const errors = element('Errors', element('Error', content));
    return {
      status: error.status,
      headers: { 'content-type': 'text/xml;charset=UTF-8' },
      body: element('Response', errors + element('RequestID', requestId)),
    };
  },
};

/** How a form names what is in it. */
interface Dialect {
  /** Of a structure's member. */
  readonly key: (name: string, traits: Traits) => string;
  /** Whether a list's items stand right below its name, whatever the schema says. */
  readonly flat: boolean;
}

type Traits = ReturnType<NormalizedSchema['getMergedTraits']>;

const QUERY: Dialect = { key: (name, { xmlName }) => xmlName ?? name, flat: false };

const EC2: Dialect = {
  key(name, traits) {
    const key = String(traits.xmlName ?? name);
    return String(traits.ec2QueryName ?? key.charAt(0).toUpperCase() + key.slice(1));
  },
  flat: true,
};

function readForm(schema: NormalizedSchema, { body }: WireRequest, dialect: Dialect): unknown {
  const root = new FormNode();
  for (const [key, value] of new URLSearchParams(body.toString())) {
    if (key !== 'Action' && key !== 'Version') root.at(key.split('.')).text = value;
  }
  return fromForm(schema, root, dialect);
}

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
function fromForm(schema: NormalizedSchema, node: FormNode, dialect: Dialect): unknown {
  if (schema.isStructSchema()) return structureFromForm(schema, node, dialect);
  if (schema.isListSchema()) return listFromForm(schema, node, dialect);
  if (schema.isMapSchema()) return mapFromForm(schema, node, dialect);
  if (node.text === undefined) return Object.fromEntries(node.children);
  return simpleFromText(schema, node.text);
}

function structureFromForm(schema: NormalizedSchema, node: FormNode, dialect: Dialect): unknown {
  if (node.text !== undefined && node.text !== '') return node.text;
  const members = new Map<string, { name: string; schema: NormalizedSchema }>();
  for (const [name, member] of schema.structIterator()) {
    members.set(dialect.key(name, member.getMergedTraits()), { name, schema: member });
  }
  return Object.fromEntries(
    [...node.children].map(([key, child]) => {
      const member = members.get(key);
      return member ? [member.name, fromForm(member.schema, child, dialect)] : [key, child.text ?? '...'];
    }),
  );
}

function listFromForm(schema: NormalizedSchema, node: FormNode, dialect: Dialect): unknown {
  // `Key=` alone is how an empty list is written.
  if (node.text !== undefined) return node.text === '' ? [] : node.text;
  const item = schema.getValueSchema();
  const traits = item.getMergedTraits();
  const isFlat = dialect.flat || schema.getMergedTraits().xmlFlattened;
  const holder = isFlat ? node : node.children.get(traits.xmlName ?? 'member');
  return (holder?.items() ?? []).map((child) => fromForm(item, child, dialect));
}

function mapFromForm(schema: NormalizedSchema, node: FormNode, dialect: Dialect): unknown {
  if (node.text !== undefined) return node.text === '' ? {} : node.text;
  const holder = schema.getMergedTraits().xmlFlattened ? node : node.children.get('entry');
  const keyName = schema.getKeySchema().getMergedTraits().xmlName ?? 'key';
  const value = schema.getValueSchema();
  const valueName = value.getMergedTraits().xmlName ?? 'value';
  return Object.fromEntries(
    (holder?.items() ?? []).map((entry) => [
      entry.children.get(keyName)?.text ?? '',
      fromForm(value, entry.children.get(valueName) ?? new FormNode(), dialect),
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
