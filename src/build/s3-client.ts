import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { edited } from './edit.ts';

/** The rules by which an SDK finds a service's endpoint: https://smithy.io/2.0/additional-specs/rules-engine/ */
export interface EndpointRules {
  /** Three numbers a node: its condition, and the nodes to go to when that holds and when it does not. */
  readonly nodes: Int32Array;
  readonly root: number;
  readonly conditions: readonly (readonly [string, readonly unknown[], ...unknown[]])[];
  readonly results: readonly unknown[];
}

/** From here on a number is a result, not a node. */
const RESULT = 100_000_000;

/** What no run sets, or could set: each is a parameter of the rules. */
const UNSET =
  /"(?:Accelerate|DisableAccessPoints|ForcePathStyle|UseArnRegion|DisableMultiRegionAccessPoints|UseGlobalEndpoint|UseObjectLambdaEndpoint|UseS3ExpressControlEndpoint)"/;
/** Beginnings and ends of names that are not those of buckets of the usual kind; the adapter refuses them. */
const UNUSUAL = /^(?:arn:|--x-s3|--xa-s3|--op-s3)$/;

/** Whether a condition of S3's rules holds in every run, or in none; undefined when that depends on the run. */
export function known([name, argv]: EndpointRules['conditions'][number]): boolean | undefined {
  const [first, second] = argv;
  if (name === 'aws.parseArn') return false;
  if (name === 'booleanEquals' && UNSET.test(JSON.stringify(first))) return false;
  if (name === 'stringEquals' && UNUSUAL.test(String(second))) return false;
  if (name === 'isSet' && JSON.stringify(first) === '{"ref":"Bucket"}') return true;
  return undefined;
}

/** The same rules without the conditions of which the outcome is known, and without what is then never reached. */
export function pruned(rules: EndpointRules, outcome: typeof known): EndpointRules {
  const nodes: number[] = [];
  const results: unknown[] = [];
  const conditions: EndpointRules['conditions'][number][] = [];
  const numbers = new Map<number, number>();
  const numberOf = <T>(list: T[], item: T): number => {
    const at = list.indexOf(item);
    return at >= 0 ? at : list.push(item) - 1;
  };
  const visit = (ref: number): number => {
    if (ref >= RESULT) return RESULT + numberOf(results, rules.results[ref - RESULT]);
    // 1 and -1 say that no rule fits; S3's rules negate no node.
    if (ref === 1 || ref === -1) return ref;
    if (ref < 0) throw new Error('the endpoint rules negate a node; look at pruned');
    const before = numbers.get(ref);
    if (before !== undefined) return before;
    const at = 3 * (ref - 1);
    const [condition = -1, high = 0, low = 0] = rules.nodes.slice(at, at + 3);
    const test = rules.conditions[condition];
    if (test === undefined) throw new Error('a node of the endpoint rules has no condition');
    const certain = outcome(test);
    if (certain !== undefined) return visit(certain ? high : low);
    // As number 1 stands for no rule, it holds a place.
    if (nodes.length === 0) nodes.push(-1, 1, -1);
    const start = nodes.push(numberOf(conditions, test), 0, 0) - 3;
    const number = start / 3 + 1;
    numbers.set(ref, number);
    nodes[start + 1] = visit(high);
    nodes[start + 2] = visit(low);
    return number;
  };
  const root = visit(rules.root);
  return { nodes: Int32Array.from(nodes), root, conditions, results };
}

type Edit = readonly [pattern: RegExp, replacement: string];

/** What is taken out of modules, by the ends of their paths. */
const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  // Sessions of directory buckets; and the redirect to another region, which the adapter remembers.
  'client-s3/dist-es/S3Client.js': [
    [/^ *this\.middlewareStack\.use\(getRegionRedirectMiddlewarePlugin\(this\.config\)\);\n/m, ''],
    [/^ *this\.middlewareStack\.use\(getS3ExpressPlugin\(this\.config\)\);\n/m, ''],
    [/^ *this\.middlewareStack\.use\(getS3ExpressHttpSigningPlugin\(this\.config\)\);\n/m, ''],
    [/\[\(\) => this, CreateSessionCommand\]/, '[]'],
  ],
  'middleware-s3-configuration/s3Configuration.js': [
    [/s3ExpressIdentityProvider: s3ExpressIdentityProvider \?\?.*?\}\)\)\),\n/s, ''],
  ],
  // Signatures for several regions at once, and checksums that are not asked for.
  'client-s3/dist-es/runtimeConfig.shared.js': [
    [/\{\n *schemeId: "aws\.auth#sigv4a",[^}]*\},\n/, ''],
    [/^ *sha1: .*\n/m, ''],
    [/^ *md5: .*\n/m, ''],
    [/^ *signerConstructor: .*\n/m, ''],
  ],
  'client-s3/dist-es/auth/httpAuthSchemeProvider.js': [
    [/SignatureV4MultiRegion\.sigv4aDependency\(\) === "none" && sigv4Present/, 'sigv4Present'],
  ],
  'flexible-checksums/getFlexibleChecksumsPlugin.js': [
    [/^ *clientStack\.addRelativeTo\(flexibleChecksumsResponseMiddleware\(.*\n/m, ''],
  ],
  'flexible-checksums/selectChecksumAlgorithmFunction.js': [
    [/\{\n *const \{ checksumAlgorithms = \{\} \} = config;.*$/s, 'Crc32;\n'],
  ],
  // Keys of customers, and dates and places that nothing sets.
  'client-s3/dist-es/commandBuilder.js': [
    [
      /^ *get(?:Ssec|LocationConstraint|S3ExpiresMiddleware|CheckContentLengthHeader)Plugin\(config\),\n/gm,
      '',
    ],
  ],
};

/** The rules that a client's own module holds. */
export async function endpointRules(path: string): Promise<EndpointRules> {
  const { bdd } = (await import(pathToFileURL(path).href)) as { bdd: EndpointRules };
  return bdd;
}

/**
 * Leaves out of the client of S3 what buckets of the usual kind, written piece by piece from memory, have no use for:
 * it would be as large as those of all other services together.
 */
export const leanS3: Plugin = {
  name: 'lean-s3',
  setup(build) {
    for (const [end, edits] of Object.entries(EDITS)) {
      const filter = new RegExp(`[\\\\/]${end.replaceAll('.', '\\.').replaceAll('/', '[\\\\/]')}$`);
      build.onLoad({ filter }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const [pattern, replacement] of edits) contents = edited(path, contents, pattern, replacement);
        return { contents };
      });
    }
    build.onLoad({ filter: /client-s3[\\/]dist-es[\\/]endpoint[\\/]bdd\.js$/ }, async ({ path }) => {
      const { nodes, root, conditions, results } = pruned(await endpointRules(path), known);
      const arrays = JSON.stringify([conditions, results]);
      return {
        contents: `import { BinaryDecisionDiagram } from '@smithy/core/endpoints';
const [conditions, results] = ${arrays};
export const bdd = BinaryDecisionDiagram.from(new Int32Array([${nodes}]), ${root}, conditions, results);
`,
      };
    });
  },
};
