import type { NormalizedSchema } from '@smithy/core/schema';

/** Where an operation of a REST protocol is found. */
export interface HttpBinding {
  readonly method: string;
  /** The steps of its path: a literal, `{Label}` or, for all that is left, `{Label+}`. */
  readonly path: readonly string[];
  /** What the query must hold, such as `list-type=2`. */
  readonly query: URLSearchParams;
  /** Of an answer. */
  readonly status: number;
}

/** A path as an operation takes it apart. */
export interface RestPath {
  /** What stands before the path that the operation knows: the bucket. */
  readonly outside: string | undefined;
  /** Decoded. */
  readonly steps: readonly string[];
}

/**
 * Reads the trait `http` of an operation.
 *
 * @param trait such as `['PUT', '/{Key+}?x-id=PutObject', 200]`
 */
export function httpBinding(trait: unknown): HttpBinding | undefined {
  if (!Array.isArray(trait)) return undefined;
  const [method, template, status] = trait as [string, string, number];
  const [path = '', query = ''] = template.split('?');
  return { method, path: path.split('/').slice(1), query: new URLSearchParams(query), status };
}

/** Whether a label has no place in the path that the model knows: S3's bucket is put before it, or into the host. */
export const isOutside = ({ path }: HttpBinding, name: string, member: NormalizedSchema): boolean =>
  Boolean(member.getMergedTraits().httpLabel) && !path.some((step) => /\w+/.exec(step)?.[0] === name);

/** Takes a URL apart for an operation; undefined when its path is not the operation's. */
export function restOf(http: HttpBinding, input: NormalizedSchema, url: string): RestPath | undefined {
  const [, ...all] = (url.split('?')[0] ?? '').split('/').map(decodeURIComponent);
  const hasOutside = [...input.structIterator()].some(([name, member]) => isOutside(http, name, member));
  const outside = hasOutside ? all.shift() : undefined;
  if (hasOutside && !outside) return undefined;
  const steps = all.length === 0 ? [''] : all;
  const greedy = http.path.at(-1)?.endsWith('+}') === true;
  if (greedy ? steps.length < http.path.length : steps.length !== http.path.length) return undefined;
  const fits = http.path.every((step, i) => {
    if (!step.startsWith('{')) return step === steps[i];
    return (step.endsWith('+}') ? steps.slice(i).join('/') : steps[i]) !== '';
  });
  return fits ? { outside, steps } : undefined;
}
