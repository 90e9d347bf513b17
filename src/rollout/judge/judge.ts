import { type BoundGate, formatValue, type Gate, meets } from '../gates.ts';
import { assessComparison, assessCrashes } from './comparisons.ts';
import { assessCount } from './counts.ts';
import { describeStop, type Evidence } from './evidence.ts';
import { type Assessment, type Finding, type Ruling, subjectOf } from './finding.ts';
import { assessMean } from './means.ts';
import { assessShare, assessShareExactly } from './shares.ts';
import { span } from './wording.ts';

const MINUTE = 60_000;
/** A sound release is taken back by chance in one of so many rollouts at most, by all gates and in all steps together. */
export const FALSE_ROLLBACKS = 0.01;

/** Judges every gate, and every alarm, on what is known now. */
export function judge(gates: readonly Gate[], evidence: Evidence, ruling: Ruling): readonly Finding[] {
  const shared = FALSE_ROLLBACKS / Math.max(1, gates.filter(sharesChance).length);
  return [
    ...gates.map((gate) => {
      const chance = gate.confidence === undefined ? shared : 1 - gate.confidence;
      const found = assess(gate, evidence, ruling, chance);
      return {
        ...whenKnown(gate, evidence, ruling, found),
        gate: gate.text,
        warnOnly: gate.warnOnly,
      };
    }),
    ...evidence.alarms.map((alarm) => ({
      gate: `alarm ${alarm.name}`,
      ...assessAlarm(alarm),
      warnOnly: false,
    })),
  ];
}

/** Whether a gate may take a sound release back by chance, and was not given a chance of its own. */
const sharesChance = (gate: Gate): boolean =>
  !gate.warnOnly && gate.confidence === undefined && (gate.kind === 'vs-stable' || restsOnChance(gate));

const restsOnChance = ({ measure, exact }: BoundGate): boolean =>
  !exact && (measure.kind === 'share' || measure.kind === 'percentile');

function assessAlarm({ state, reason }: Evidence['alarms'][number]): Assessment {
  if (state === 'ALARM') return { verdict: 'abort', text: `is in ALARM: ${reason}` };
  if (state === 'GONE') return { verdict: 'no-evidence', text: 'CloudWatch does not know it any more' };
  return { verdict: 'pass', text: `is ${state}`, sure: true };
}

/** A bound is not decided before CloudWatch has told all that it knows of the step. */
function whenKnown(gate: Gate, evidence: Evidence, ruling: Ruling, found: Assessment): Assessment {
  const { kind } = gate.measure;
  if (found.verdict === 'abort' || kind === 'crashes' || kind === 'unhealthy') return found;
  const { since, bakeEnd } = ruling;
  if (bakeEnd === undefined) return found;
  if (!evidence.complete) return { ...found, waiting: true };
  const settledOf = (periods: Evidence['canary']) =>
    new Set(periods.filter((period) => period.settled).map(({ start }) => start));
  const compared = gate.kind === 'vs-stable' && ruling.weight < 100;
  const [canary, stable] = [settledOf(evidence.canary), compared && settledOf(evidence.stable)];
  const missing: { start: number }[] = [];
  for (let start = Math.ceil(since / MINUTE) * MINUTE; start + MINUTE <= bakeEnd; start += MINUTE) {
    if (!canary.has(start) || (stable && !stable.has(start))) missing.push({ start });
  }
  if (missing.length === 0) return found;
  return {
    verdict: 'no-evidence',
    text: `the metrics of ${span(missing)} are not all there yet`,
    waiting: true,
  };
}

function assess(gate: Gate, evidence: Evidence, ruling: Ruling, chance: number): Assessment {
  if (gate.kind === 'vs-stable') {
    return gate.measure.kind === 'crashes'
      ? assessCrashes(gate, evidence, chance)
      : assessComparison(gate, gate.measure, evidence, ruling, chance);
  }
  const { measure } = gate;
  switch (measure.kind) {
    case 'crashes':
      return onSight(gate, evidence.crashes.length, evidence.crashes.map(describeStop).join('\n'));
    case 'unhealthy':
      return onSight(
        gate,
        evidence.unhealthyMs,
        evidence.unhealthyMs > 0 ? `${subjectOf(ruling)} has an unhealthy target` : 'all targets are healthy',
      );
    case 'count':
      return assessCount(gate, measure, evidence, ruling);
    case 'mean':
      return assessMean(gate, measure, evidence, ruling);
    case 'share':
    case 'percentile':
      return gate.exact
        ? assessShareExactly(gate, measure, evidence, ruling)
        : assessShare(gate, measure, evidence, ruling, chance);
  }
}

function onSight({ measure, bound }: BoundGate, value: number, detail: string): Assessment {
  const text = [formatValue(measure, value), detail].filter((part) => part !== '').join('; ');
  return meets(value, bound) ? { verdict: 'pass', text, sure: true } : { verdict: 'abort', text };
}
