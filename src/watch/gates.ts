import { ConfigError, type Problem } from '../errors.ts';
import { LONGER_TIMES, tooStrict } from '../rollout/default-gates.ts';
import { parseGates } from '../rollout/gate-syntax.ts';
import type { BoundGate, Gate } from '../rollout/gates.ts';
import type { Period } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';

/** What a service is watched by whose team writes no gates. */
export const DEFAULT_WATCH_GATES = [
  'error-rate < 0.1%',
  'slower-than 300ms vs stable',
  'crashes = 0',
  'unhealthy < 2m',
].join('\n');

/** What takes the place of a bound that the service did not meet before the release. */
const INSTEAD: readonly Gate[] = parseGates('error-rate vs stable');

/** All that default gates may become: what has to be known of the service before the release. */
export const POSSIBLE_DEFAULTS: readonly Gate[] = [
  ...parseGates(DEFAULT_WATCH_GATES),
  ...INSTEAD,
  ...LONGER_TIMES,
];

/**
 * Reads the gates of a watch.
 *
 * @param metrics names that `metric NAME` may use
 * @throws ConfigError naming every line that is wrong
 */
export function parseWatchGates(text: string, metrics: readonly string[]): readonly Gate[] {
  const gates = parseGates(text, metrics);
  const problems = gates.flatMap(({ kind, measure, text: line }): Problem[] =>
    kind === 'vs-stable' && measure.kind === 'crashes'
      ? [
          {
            input: 'gates',
            message: `"${line}": there is no stable any more whose crashes could be counted, and ECS forgets stopped tasks after an hour; write crashes = 0, or how many are too many: crashes < 3`,
          },
        ]
      : [],
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return gates;
}

/** Whether a gate is judged by the metrics of a load balancer. */
export const needsLoadBalancer = ({ measure }: Gate): boolean =>
  measure.kind === 'share' ||
  measure.kind === 'percentile' ||
  measure.kind === 'count' ||
  (measure.kind === 'mean' && measure.of === 'latency');

/** Whether a gate is held against the time before the release. */
export const looksBack = ({ kind }: Gate): boolean => kind === 'vs-stable';

/** A default gate that says nothing of the service, and why; `instead` where another one takes its place. */
export interface GivenWay {
  readonly gate: Gate;
  readonly instead?: Gate;
  readonly why: string;
}

/**
 * Which of the default gates give way, by how the service did before the release.
 *
 * @param before its minutes, oldest first
 * @param unmet what it did not meet itself in the last quarter of an hour before
 */
export function giveWay(
  gates: readonly Gate[],
  before: readonly Period[],
  unmet: readonly Finding[],
): readonly GivenWay[] {
  const strict = tooStrict(gates, before);
  const known = before.some(({ requests }) => requests > 0);
  return gates.flatMap((gate): GivenWay[] => {
    const found = unmet.find((finding) => finding.gate === gate.text);
    const [instead] = INSTEAD;
    if (found && instead && gate.text === 'error-rate < 0.1%') {
      return [{ gate, instead, why: `the service did not meet it before the release (${found.text})` }];
    }
    const longer = strict.find((each) => each.gate === gate);
    if (longer) {
      const share = Math.round(longer.slow * 100);
      return [
        { gate, instead: longer.instead, why: `${share}% of its requests were that slow before the release` },
      ];
    }
    if (looksBack(gate) && !known) {
      return [{ gate, why: 'no request is known from before the release to compare with' }];
    }
    return [];
  });
}

const AGAINST = { '<': '>=', '<=': '>', '=': '>' } as const;

/**
 * A gate as a watch asks it: a bound that chance plays into is not only held against the whole watch in the end, but
 * takes a release back as soon as it surely is exceeded, from whatever minute on. What came late in a long watch would
 * be lost among the many good minutes before.
 */
export function whileWatching(gate: Gate): Gate {
  if (gate.kind !== 'bound' || gate.abort || gate.exact) return gate;
  const { measure, bound } = gate;
  if (measure.kind !== 'share' && measure.kind !== 'percentile') return gate;
  const comparison = AGAINST[bound.comparison as keyof typeof AGAINST];
  return { ...gate, abort: { comparison, value: bound.value } } satisfies BoundGate;
}
