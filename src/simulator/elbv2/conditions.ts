import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { validationError } from './errors.ts';
import type { RuleRecord } from './model.ts';

/** A request as far as listener rules look at it. */
export interface RoutedRequest {
  /** With the query string, such as `/api/cart?id=1`. */
  readonly path: string;
  readonly host?: string;
  readonly method?: string;
  /** Names in any case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly sourceIp?: string;
}

const FIELDS = [
  'host-header',
  'path-pattern',
  'http-header',
  'query-string',
  'http-request-method',
  'source-ip',
];

/** Values of a condition, wherever the caller put them: in `Values` or in the field's own config. */
function valuesOf(condition: RuleCondition): string[] {
  return (
    condition.PathPatternConfig?.Values ??
    condition.HostHeaderConfig?.Values ??
    condition.HttpHeaderConfig?.Values ??
    condition.HttpRequestMethodConfig?.Values ??
    condition.SourceIpConfig?.Values ??
    condition.Values ??
    []
  );
}

/**
 * The conditions as AWS keeps and describes them.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
 *
 * @throws AwsError `ValidationError` for an unknown field or a condition without values
 */
export function normalizeConditions(conditions: readonly RuleCondition[]): RuleCondition[] {
  return conditions.map((condition) => {
    const field = condition.Field ?? '';
    if (!FIELDS.includes(field))
      throw validationError(`Condition field '${field}' must be one of '[${FIELDS}]'`);
    const values = valuesOf(condition);
    if (field === 'query-string') {
      if (!condition.QueryStringConfig?.Values?.length) {
        throw validationError('A condition value must be specified');
      }
      return { Field: field, QueryStringConfig: condition.QueryStringConfig };
    }
    if (values.length === 0) throw validationError('A condition value must be specified');
    switch (field) {
      case 'path-pattern':
        return { Field: field, Values: values, PathPatternConfig: { Values: values } };
      case 'host-header':
        return { Field: field, Values: values, HostHeaderConfig: { Values: values } };
      case 'http-header': {
        const name = condition.HttpHeaderConfig?.HttpHeaderName;
        if (!name) throw validationError('An HTTP header name must be specified');
        return { Field: field, HttpHeaderConfig: { HttpHeaderName: name, Values: values } };
      }
      case 'http-request-method':
        return { Field: field, HttpRequestMethodConfig: { Values: values } };
      default:
        return { Field: field, SourceIpConfig: { Values: values } };
    }
  });
}

/** `*` stands for any characters, `?` for one. */
function wildcard(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, flags);
}

const matchesAny = (patterns: readonly string[], value: string, flags = ''): boolean =>
  patterns.some((pattern) => wildcard(pattern, flags).test(value));

const ipNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function inRange(ip: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(ipNumber(ip) / size) === Math.floor(ipNumber(base) / size);
}

function holds(condition: RuleCondition, request: RoutedRequest): boolean {
  const [path = '', query = ''] = request.path.split('?', 2);
  switch (condition.Field) {
    case 'path-pattern':
      return matchesAny(valuesOf(condition), path);
    case 'host-header':
      return matchesAny(valuesOf(condition), (request.host ?? '').replace(/:\d+$/, ''), 'i');
    case 'http-header': {
      const wanted = condition.HttpHeaderConfig?.HttpHeaderName?.toLowerCase();
      const header = Object.entries(request.headers ?? {}).find(([name]) => name.toLowerCase() === wanted);
      return header !== undefined && matchesAny(valuesOf(condition), header[1], 'i');
    }
    case 'http-request-method':
      return valuesOf(condition).includes(request.method ?? 'GET');
    case 'query-string': {
      const pairs = [...new URLSearchParams(query)];
      return (condition.QueryStringConfig?.Values ?? []).some(({ Key, Value = '' }) =>
        pairs.some(
          ([key, value]) =>
            (Key === undefined || wildcard(Key, 'i').test(key)) && wildcard(Value, 'i').test(value),
        ),
      );
    }
    case 'source-ip':
      return valuesOf(condition).some((cidr) => inRange(request.sourceIp ?? '203.0.113.10', cidr));
    default:
      return false;
  }
}

/** The first rule by priority whose conditions all hold; the default rule, which has none, comes last. */
export const selectRule = (rules: readonly RuleRecord[], request: RoutedRequest): RuleRecord | undefined =>
  rules.find((rule) => rule.conditions.every((condition) => holds(condition, request)));
