import { NormalizedSchema } from '@smithy/core/schema';
import { type HttpBinding, httpBinding } from './rest-path.ts';

type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];

/** One operation of a service, as its SDK client's own schema describes it. */
export interface OperationModel {
  readonly name: string;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
  /** Operations of REST protocols only. */
  readonly http?: HttpBinding;
}

/** One error that the service's model names. */
export interface ErrorModel {
  /** The full shape name, such as `com.amazonaws.ecs#ClusterNotFoundException`. */
  readonly id: string;
  /** The code of the query protocol; the shape's name where there is none. */
  readonly code: string;
  readonly status: number | undefined;
}

/** What the wire needs to know of a service. */
export interface ServiceModel {
  /** The SDK's service id: `ECS`, `Elastic Load Balancing v2`, ... */
  readonly id: string;
  /** The part before the dot of the JSON protocol's `X-Amz-Target`. */
  readonly target: string | undefined;
  /** The query protocol's `Version`. */
  readonly version: string;
  readonly xmlNamespace: string;
  /** Whether JSON errors carry the query protocol's code in `x-amzn-query-error` as well. */
  readonly queryCompatible: boolean;
  /** Whether forms and XML are those of EC2. */
  readonly ec2: boolean;
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** By shape name and by code. */
  readonly errors: ReadonlyMap<string, ErrorModel>;
}

/** The part of an SDK client that names its service. */
interface SdkClient {
  readonly config: {
    readonly serviceId: string;
    readonly protocolSettings: object;
    readonly protocol: { getShapeId(): string };
  };
}

// The tags of static schemas, see @smithy/types `static-schemas`.
const OPERATION = 9;
const ERROR = -3;

/**
 * Reads a service's operations and errors from the schemas that its SDK client exports.
 *
 * @param sdk the client's module namespace
 * @param client a client of that module, never used to send anything
 */
export function readServiceModel(sdk: object, client: SdkClient): ServiceModel {
  const { serviceId, protocolSettings } = client.config;
  const operations = new Map<string, OperationModel>();
  const errors = new Map<string, ErrorModel>();
  for (const schema of Object.values(sdk)) {
    if (!Array.isArray(schema)) continue;
    const [tag, namespace, name, traits, input, output] = schema as [
      number,
      string,
      string,
      unknown,
      ...SchemaRef[],
    ];
    if (tag === OPERATION && input !== undefined && output !== undefined) {
      const http = httpBinding(Object(traits).http);
      operations.set(name, {
        name,
        input: NormalizedSchema.of(input),
        output: NormalizedSchema.of(output),
        ...(http && { http }),
      });
    }
    if (tag === ERROR) {
      const error = readError(`${namespace}#${name}`, name, traits);
      errors.set(name, error);
      if (!errors.has(error.code)) errors.set(error.code, error);
    }
  }
  const settings = new Map<string, unknown>(Object.entries(protocolSettings));
  const target = settings.get('serviceTarget');
  return {
    id: serviceId,
    target: target === undefined ? undefined : String(target),
    version: String(settings.get('version')),
    xmlNamespace: String(settings.get('xmlNamespace')),
    queryCompatible: settings.get('awsQueryCompatible') === true,
    ec2: client.config.protocol.getShapeId() === 'aws.protocols#ec2Query',
    operations,
    errors,
  };
}

function readError(id: string, name: string, traits: unknown): ErrorModel {
  const known = typeof traits === 'object' && traits !== null ? traits : {};
  const query = 'awsQueryError' in known && Array.isArray(known.awsQueryError) ? known.awsQueryError : [];
  const [code = name, queryStatus] = query as [string?, number?];
  const httpError = 'httpError' in known ? Number(known.httpError) : undefined;
  const fallback = 'error' in known && known.error === 'server' ? 500 : 400;
  return { id, code, status: queryStatus ?? httpError ?? fallback };
}
