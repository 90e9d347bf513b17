import { ConfigError, type Problem } from '../errors.ts';
import { formatDuration } from '../rollout/duration.ts';
import type { Plan } from '../rollout/plan.ts';
import { planTestRules } from './pre-traffic.ts';
import { describeRoute, Routes, type Stickiness } from './routes.ts';
import type { Site } from './site.ts';

/** AWS takes no more target groups in one forward action. */
const MAX_GROUPS = 5;

interface Wishes {
  readonly plan: Plan;
  readonly stickiness: Stickiness;
  readonly preTrafficUrl: string | undefined;
}

/**
 * What AWS could not express has to be said before anything is changed.
 *
 * @throws ConfigError with every reason for which the service's listener rules cannot take the plan
 */
export function requireExpressible(site: Site, { plan, stickiness, preTrafficUrl }: Wishes): void {
  const problems: Problem[] = [];
  const routes = new Routes({} as never, site, stickiness);
  const { ambiguous } = routes;
  if (ambiguous) {
    problems.push({
      input: 'service',
      message: `the ${describeRoute(ambiguous)} forwards to several target groups of the service, so its traffic cannot be split into one part for the canary and one for the rest; give each of them a rule of its own`,
    });
  }
  const coarse = plan.flatMap(({ weight }) => {
    const route = routes.tooCoarseFor(weight);
    return route ? [{ weight, route }] : [];
  });
  for (const { weight, route } of ambiguous ? [] : coarse) {
    problems.push({
      input: 'steps',
      message: `the weights of the ${describeRoute(route)} are too coarse for ${weight}%: target group weights end at 999; give the service's target group a larger part of that rule, or leave the step out`,
    });
  }
  const crowded = site.routes.find(({ groups }) => groups.length >= MAX_GROUPS);
  if (crowded) {
    problems.push({
      input: 'service',
      message: `the ${describeRoute(crowded)} forwards to ${crowded.groups.length} target groups and AWS allows ${MAX_GROUPS}, so there is no place for the canary`,
    });
  }
  if (stickiness === 'off') {
    for (const { route, group } of routes.needingStickiness) {
      problems.push({
        input: 'stickiness',
        message: `off is not possible for the ${describeRoute(route)}: the target group "${nameOf(group)}" keeps each client with one of its targets, and AWS takes such a group beside the canary's only with group stickiness; write keep or a duration, or turn the target group's own stickiness off`,
      });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  if (preTrafficUrl !== undefined) planTestRules(routes, '');
}

/** What the plan says of how long clients stay on their side, rule by rule; nothing where they need not. */
export function tellStickiness(site: Site, stickiness: Stickiness): readonly string[] {
  const routes = new Routes({} as never, site, stickiness);
  const forced = new Map(
    stickiness === 'keep' ? routes.needingStickiness.map(({ route, group }) => [route, group]) : [],
  );
  return routes.current.flatMap((route) => {
    const seconds = routes.stickinessDuring(route);
    if (seconds === undefined) return [];
    const group = typeof route.stickinessSeconds === 'number' ? undefined : forced.get(route);
    const why = group === undefined ? '' : `, since the target group ${nameOf(group)} is sticky itself`;
    return [
      `clients stay on their side for ${formatDuration(seconds * 1000)} (${describeRoute(route)})${why}`,
    ];
  });
}

const nameOf = (targetGroupArn: string): string => targetGroupArn.split('/')[1] ?? targetGroupArn;
