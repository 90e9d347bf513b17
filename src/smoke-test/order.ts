import { printable } from '../taskdef/shape.ts';
import type { SmokeRequest } from './request.ts';
import { suggestion } from './suggestion.ts';
import { namesIn, namesInJson } from './template.ts';

/** Only variables that are meant for it can be asked for: a list of requests could send any other one anywhere. */
export const ENVIRONMENT = /^env\.(SMOKE_TEST_\w+)$/;

/** A reference of a request, and where it stands. */
interface Reference {
  readonly name: string;
  readonly key: readonly string[];
}

/** Everything that a request refers to as `${name}`. */
export function referencesOf({ target, headers, body, expect }: SmokeRequest): readonly Reference[] {
  const at = (names: readonly string[], ...key: string[]) => names.map((name) => ({ name, key }));
  return [
    ...at(namesIn(target.text), target.kind),
    ...headers.flatMap(([name, value]) => at(namesIn(value), 'headers', name)),
    ...(body?.kind === 'text' ? at(namesIn(body.text), 'body') : []),
    ...(body?.kind === 'json' ? at(namesInJson(body.value), 'json') : []),
    ...(body?.kind === 'form'
      ? body.fields.flatMap(([name, value]) => at(namesIn(value), 'form', name))
      : []),
    ...expect.json.flatMap(({ path, checks }) =>
      checks.flatMap((check) => {
        const values =
          'value' in check
            ? [check.value]
            : 'values' in check
              ? check.values
              : 'pattern' in check
                ? [check.pattern]
                : [];
        return at(values.flatMap(namesInJson), 'expect', 'json', path);
      }),
    ),
    ...at(Object.values(expect.text).flat().flatMap(namesIn), 'expect', 'text'),
    ...expect.headers.flatMap(({ name, checks }) =>
      at(
        checks.flatMap((check) => ('text' in check ? namesIn(check.text) : [])),
        'expect',
        'headers',
        name,
      ),
    ),
  ];
}

/** The names of the requests that have to pass before each one; those that are not there are left out. */
export function requirements(requests: readonly SmokeRequest[]): ReadonlyMap<string, ReadonlySet<string>> {
  const sources = new Map(
    requests.flatMap(({ name, captures }) => captures.map((capture) => [capture.name, name] as const)),
  );
  const known = new Set(requests.map(({ name }) => name));
  return new Map(
    requests.map((request) => {
      const needed = [
        ...referencesOf(request).map(({ name }) => sources.get(name)),
        ...request.after.filter((name) => known.has(name)),
      ];
      return [request.name, new Set(needed.filter((name) => name !== undefined))];
    }),
  );
}

interface OrderProblem {
  readonly index: number;
  readonly key: readonly string[];
  readonly message: string;
}

/** Values that nobody captures or two requests do, requests that wait for each other or for one that is not there. */
export function orderProblems(requests: readonly SmokeRequest[]): readonly OrderProblem[] {
  const problems: OrderProblem[] = [];
  const sources = new Map<string, SmokeRequest>();
  for (const request of requests) {
    for (const { name } of request.captures) {
      const other = sources.get(name);
      if (other) {
        const message = `is captured by "${printable(other.name)}" as well; give it another name`;
        problems.push({ index: request.index, key: ['capture', name], message });
      }
      sources.set(name, request);
    }
  }
  const names = [...sources.keys()];
  for (const request of requests) {
    const { index } = request;
    const seen = new Set<string>();
    for (const { name, key } of referencesOf(request)) {
      if (seen.has(name) || sources.has(name) || ENVIRONMENT.test(name)) continue;
      seen.add(name);
      problems.push({ index, key, message: unknownReference(name, names) });
    }
    for (const name of request.after) {
      if (requests.some((other) => other.name === name)) continue;
      const near = suggestion(
        name,
        requests.map((other) => other.name),
      );
      const hint = near === undefined ? 'give one the name' : `did you mean "${printable(near)}"?`;
      problems.push({ index, key: ['after'], message: `there is no request "${printable(name)}"; ${hint}` });
    }
  }
  for (const circle of findCircles(requirements(requests))) {
    const [first = ''] = circle;
    const index = requests.find(({ name }) => name === first)?.index ?? 0;
    const round = [...circle, first].map((name) => `"${printable(name)}"`).join(' waits for ');
    const message =
      circle.length === 1
        ? `"${printable(first)}" needs a value that it captures itself, or waits for itself; take it from a request before it`
        : `${round}: none of them can begin; take one capture or after away`;
    problems.push({ index, key: [], message });
  }
  return problems;
}

function unknownReference(name: string, captures: readonly string[]): string {
  const what = `\${${printable(name)}}`;
  if (name.startsWith('{')) {
    return `${what}} is an expression of GitHub, which is not evaluated in a file; write \${env.SMOKE_TEST_NAME}, and give the step that variable by env`;
  }
  if (name.startsWith('env.')) {
    return `${what} is not handed on: only variables whose names begin with SMOKE_TEST_ are, such as \${env.SMOKE_TEST_TOKEN}`;
  }
  const near = suggestion(name, captures);
  const hint =
    near !== undefined
      ? `did you mean \${${near}}?`
      : captures.length > 0
        ? `there are ${captures.join(', ')}`
        : 'give a request "capture", or write $${ for ${ itself';
  return `no request captures ${what}; ${hint}`;
}

/** The names of requests that wait for each other in a circle, in its order, for each circle. */
function findCircles(needs: ReadonlyMap<string, ReadonlySet<string>>): readonly (readonly string[])[] {
  const done = new Set<string>();
  const circles: (readonly string[])[] = [];
  const visit = (name: string, way: readonly string[]): void => {
    const start = way.indexOf(name);
    if (start >= 0) circles.push(way.slice(start));
    if (start >= 0 || done.has(name)) return;
    for (const needed of needs.get(name) ?? []) visit(needed, [...way, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return circles;
}
