/** A burst begins in one of so many minutes, lasts up to so many, and brings so many times the faults. */
export const BURSTS = { everyMinutes: 10, lastMinutes: 3, factor: 5 } as const;

/** Minutes after which nothing is left of how the bursts began. */
const SETTLED = 30;

/** By how much a side's faults are multiplied from minute to minute; 1 on average. */
export function burstFactors(random: () => number): () => number {
  const { everyMinutes, lastMinutes, factor } = BURSTS;
  const average = averageFactor();
  let left = 0;
  const next = (): number => {
    if (left > 0) left--;
    else if (random() < 1 / everyMinutes) left = Math.floor(random() * lastMinutes);
    else return 1 / average;
    return factor / average;
  };
  // From the very first minute on, or each rollout would begin calmer than it goes on.
  for (let minute = 0; minute < SETTLED; minute++) next();
  return next;
}

/** The part of the minutes that lie in a burst. */
function burstShare(): number {
  const { everyMinutes, lastMinutes } = BURSTS;
  const inBurst = (1 / everyMinutes) * ((1 + lastMinutes) / 2);
  return inBurst / (1 - 1 / everyMinutes + inBurst);
}

const averageFactor = (): number => 1 + burstShare() * (BURSTS.factor - 1);

/**
 * Variance of a burst factor's sum over many minutes, by the minute and relative to the square of its mean.
 *
 * After each calm minute and each burst all begins anew, so the minutes are a renewal process: a cycle lasts T minutes,
 * R of them in a burst. With the chance b a burst begins (T = R = 1, 2 ... n, each as likely), else the minute is calm
 * (T = 1, R = 0). With s = E[R] / E[T], the part of the minutes in a burst, their number in t minutes has a variance
 * that tends to t E[(R - sT)²] / E[T]; each brings f - 1 more to a sum whose mean is t (1 + s (f - 1)).
 *
 * W. L. Smith: Regenerative stochastic processes. Proceedings of the Royal Society A 232 (1955), 6-31.
 * https://doi.org/10.1098/rspa.1955.0198
 */
export function burstDispersion(): number {
  const { everyMinutes, lastMinutes, factor } = BURSTS;
  const begins = 1 / everyMinutes;
  const share = burstShare();
  let squares = (1 - begins) * share ** 2;
  for (let minutes = 1; minutes <= lastMinutes; minutes++) {
    squares += (begins / lastMinutes) * (minutes * (1 - share)) ** 2;
  }
  const cycle = 1 - begins + begins * ((1 + lastMinutes) / 2);
  return (squares / cycle) * ((factor - 1) / averageFactor()) ** 2;
}
