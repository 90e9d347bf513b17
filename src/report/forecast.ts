import { formatDuration } from '../rollout/duration.ts';
import { type Forecast, formatSpan } from '../rollout/forecast.ts';
import { formatStep } from '../rollout/plan.ts';

/** What a rollout would do, as lines of a log. */
export function describeForecast(forecast: Forecast): readonly string[] {
  const { steps, gates, hold } = forecast;
  return [
    `runs now:       ${forecast.runs}, ${counted(forecast.tasks)}`,
    `target groups:  ${forecast.targetGroups.join(', ')}`,
    ...forecast.routes.map((route) => `traffic from:   ${route}`),
    ...steps.map((step) => {
      const what = step.bakeMs === 0 ? `${step.weight}%, then promotion` : formatStep(step);
      return `step:           ${what}, with ${counted(step.tasks)}`;
    }),
    `takes:          ${formatSpan(forecast.total)}, and the time that tasks need to start`,
    ...gates.map(({ text, warnOnly }) => `gate:           ${text}${warnOnly ? ' (warns only)' : ''}`),
    ...forecast.alarms.map((alarm) => `alarm:          ${alarm}`),
    ...(hold.mostMs > 0 ? [`no evidence:    holds a step for ${formatDuration(hold.mostMs)} at most`] : []),
    ...forecast.stickiness.map((line) => `stickiness:     ${line}`),
    ...(forecast.scaling ? ['autoscaling:    scale-in is held during the rollout'] : []),
  ];
}

/** `1 task`, `2 tasks`. */
export const counted = (tasks: number): string => `${tasks} ${tasks === 1 ? 'task' : 'tasks'}`;
