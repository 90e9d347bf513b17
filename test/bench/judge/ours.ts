import { compareMinute } from '../../../src/rollout/judge/compared-minute.ts';
import { CONFIDENCE, tolerated } from '../../../src/rollout/judge/comparisons.ts';
import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { SequentialTest } from '../../../src/rollout/judge/sequential-test.ts';
import { type Counted, StableHistory } from '../../../src/rollout/judge/stable-history.ts';
import { bothTests, Worsening } from '../../../src/rollout/judge/worsening.ts';
import type { Contestant, Side } from './contestant.ts';

/** What the gates count: both also look for requests without an answer, of which there are none in these rollouts. */
const COUNTED = ['errors', 'slow', 'unanswered'] as const;
type Of = (typeof COUNTED)[number];

const GATES = 2;
const counted = (side: Side, of: Of): Counted => ({
  requests: side.requests,
  faults: of === 'unanswered' ? 0 : side[of],
});
/** So there is no evidence in that. */
const ALL_ANSWERED = 1;
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
      const series = COUNTED.map((of) => ({
        of,
        history: new StableHistory(before.map((side) => counted(side, of))),
        worse: new Worsening(undefined),
        sound: SequentialTest.ofBetter(),
      }));
      return ({ canary, stable, minuteOfStep }) => {
        for (const each of series) {
          const { of, history, worse } = each;
          const onStable = counted(stable, of);
          history.add(onStable);
          if (minuteOfStep === 1) each.sound = SequentialTest.ofBetter();
          if (canary.requests === 0) continue;
          const minute = compareMinute(0, counted(canary, of), onStable, history);
          if (!minute) continue;
          worse.add(minute);
          if (untilConfident) for (const worst of tolerated([minute], undefined)) each.sound.add(worst);
        }
        const isWorse = series.some(
          ({ worse }) => bothTests(worse.evidence, ALL_ANSWERED) >= GATES / FALSE_ROLLBACKS,
        );
        if (isWorse) return 'roll-back';
        if (!untilConfident || minuteOfStep < LEAST_MINUTES) return 'go-on';
        return series.every(({ sound }) => sound.evidence >= 1 / (1 - CONFIDENCE)) ? 'advance' : 'go-on';
      };
    },
  };
}
