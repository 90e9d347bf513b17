import type { CustomMetric } from '../../engine/evidence-source.ts';
import { ConfigError, type Problem } from '../../errors.ts';

type Plain = Exclude<CustomMetric, { expression: string }>;

/**
 * Reads `metrics` of a config file: by name, either a CloudWatch metric (`namespace`, `metric`, `dimensions`, `stat`)
 * or an `expression` over `metrics` of its own. In dimensions, `{cluster}`, `{service}`, `{target-group}` and
 * `{load-balancer}` stand for the side that is measured.
 *
 * @throws ConfigError naming every metric that is wrong
 */
export function parseCustomMetrics(value: unknown, file: string): Readonly<Record<string, CustomMetric>> {
  if (value === undefined || value === null) return {};
  const problems: Problem[] = [];
  const at = (...path: string[]) => `${file}: ${['metrics', ...path].join('.')}`;
  const object = (candidate: unknown): Record<string, unknown> | undefined =>
    typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate)
      ? (candidate as Record<string, unknown>)
      : undefined;
  const text = (candidate: unknown): string => (typeof candidate === 'string' ? candidate : '');

  const plain = (source: Record<string, unknown>, path: string[]): Plain => {
    for (const key of Object.keys(source)) {
      if (!['namespace', 'metric', 'dimensions', 'stat'].includes(key)) {
        problems.push({
          input: at(...path, key),
          message: 'is not known; there are namespace, metric, dimensions, stat',
        });
      }
    }
    for (const key of ['namespace', 'metric'] as const) {
      if (text(source[key]) === '') problems.push({ input: at(...path, key), message: 'is missing' });
    }
    const dimensions = object(source['dimensions'] ?? {});
    if (!dimensions || Object.values(dimensions).some((dimension) => typeof dimension !== 'string')) {
      problems.push({ input: at(...path, 'dimensions'), message: 'takes a mapping of names to texts' });
    }
    return {
      namespace: text(source['namespace']),
      metric: text(source['metric']),
      dimensions: (dimensions ?? {}) as Record<string, string>,
      stat: text(source['stat']) || 'Average',
    };
  };

  const all = object(value);
  if (!all) throw new ConfigError({ input: at(), message: 'takes a mapping of names to metrics' });
  const metrics: Record<string, CustomMetric> = {};
  for (const [name, candidate] of Object.entries(all)) {
    const source = object(candidate);
    if (!/^[a-zA-Z][\w.-]*$/.test(name)) {
      problems.push({
        input: at(name),
        message: 'is not a name: letters, digits, dots, hyphens, underscores',
      });
    } else if (!source) {
      problems.push({
        input: at(name),
        message: 'takes namespace, metric, dimensions and stat, or an expression',
      });
    } else if (source['expression'] === undefined) {
      metrics[name] = plain(source, [name]);
    } else {
      const operands = object(source['metrics']) ?? {};
      const read: Record<string, Plain> = {};
      for (const [operand, of] of Object.entries(operands)) {
        const inner = object(of);
        if (!/^[a-z]\w*$/.test(operand) || !inner) {
          problems.push({
            input: at(name, 'metrics', operand),
            message: 'takes a metric, under a name that begins with a lower-case letter',
          });
        } else read[operand] = plain(inner, [name, 'metrics', operand]);
      }
      if (text(source['expression']).trim() === '' || Object.keys(read).length === 0) {
        problems.push({
          input: at(name),
          message: 'an expression needs a text and the metrics that it names',
        });
      }
      metrics[name] = { expression: text(source['expression']), metrics: read };
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return metrics;
}
