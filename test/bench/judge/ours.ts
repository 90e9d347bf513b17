import { type ComparedMinute, compareMinute } from '../../../src/rollout/judge/compared-minute.ts';
import { tolerated } from '../../../src/rollout/judge/comparisons.ts';
import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { evidenceOfBetter } from '../../../src/rollout/judge/sequential-test.ts';
import { type Counted, StableHistory } from '../../../src/rollout/judge/stable-history.ts';
import { bothTests, Worsening } from '../../../src/rollout/judge/worsening.ts';
import type { Contestant, Side } from './contestant.ts';

const OF = { errors: 'errors', slow: 'slow' } as const;
type Of = keyof typeof OF;

const GATES: readonly Of[] = ['errors', 'slow'];
const counted = (side: Side, of: Of): Counted => ({ requests: side.requests, faults: side[of] });
/** No request goes without an answer in these rollouts, so there is no evidence in that. */
const ALL_ANSWERED = 1;
const CONFIDENCE = 0.99;
const LEAST_MINUTES = 3;

/**
 * Our default gates, `error-rate vs stable` and `slower-than 300ms vs stable`, minute by minute instead of from the
 * beginning at each look, which is the same and quicker; `releases.test.ts` holds it against the judge itself.
 *
 * @param untilConfident whether a step ends as soon as both gates pass for sure
 */
export function ours(untilConfident: boolean): Contestant {
  return {
    name: untilConfident ? 'ours, until-confident' : 'ours',
    begin(before) {
      const gates = GATES.map((of) => {
        const history = new StableHistory(before.map((side) => counted(side, of)));
        return { of, history, worse: new Worsening(undefined), step: [] as ComparedMinute[] };
      });
      return ({ canary, stable, minuteOfStep }) => {
        for (const gate of gates) {
          const { of, history, worse } = gate;
          const onStable = counted(stable, of);
          history.add(onStable);
          if (minuteOfStep === 1) gate.step = [];
          if (canary.requests === 0) continue;
          const minute = compareMinute(0, counted(canary, of), onStable, history);
          if (!minute) continue;
          worse.add(minute);
          gate.step.push(minute);
        }
        if (
          gates.some(({ worse }) => bothTests(worse.evidence, ALL_ANSWERED) >= GATES.length / FALSE_ROLLBACKS)
        )
          return 'roll-back';
        if (!untilConfident || minuteOfStep < LEAST_MINUTES) return 'go-on';
        const sure = gates.every(
          ({ step }) => evidenceOfBetter(tolerated(step, undefined)) >= 1 / (1 - CONFIDENCE),
        );
        return sure ? 'advance' : 'go-on';
      };
    },
  };
}
