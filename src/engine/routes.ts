import type { Route, Traffic } from '../ports.ts';
import { decodeOriginal, encodeOriginal, ORIGINAL_TAG, type OriginalAction } from '../rollout/ledger.ts';
import { shareOf, split, type WeightedGroup } from '../rollout/weights.ts';
import { type Pair, routesTo } from './site.ts';

/** How clients are kept on their side while a rollout runs: as each route has it, not at all, or for some seconds. */
export type Stickiness = 'keep' | 'off' | number;

/** The tags of a default action stand on its listener. */
const tagged = (route: Route): string => (route.isDefault ? route.listenerArn : route.ruleArn);

/** A route in words: `rule 10 of listener app/web/50dc6c495c0c9188/f2f7dc8efc522ab2`. */
export function describeRoute(route: Route): string {
  const listener = route.listenerArn.split(':listener/').at(-1) ?? route.listenerArn;
  return route.isDefault
    ? `default action of listener ${listener}`
    : `rule ${route.priority} of listener ${listener}`;
}

/**
 * All routes that lead to the service, what they were before the rollout, and the hand that splits them.
 * What a route was is kept in a tag on its rule before the first change, so that any later run can put it back.
 */
export class Routes {
  readonly #traffic: Traffic;
  readonly #loadBalancers: readonly string[];
  readonly #stickiness: Stickiness;
  #pairs: readonly Pair[];
  #routes: readonly Route[];
  #all: readonly Route[];
  /** By rule ARN. */
  readonly #originals = new Map<string, OriginalAction>();

  constructor(
    traffic: Traffic,
    site: {
      readonly loadBalancerArns: readonly string[];
      readonly pairs: readonly Pair[];
      readonly routes: readonly Route[];
      readonly allRoutes: readonly Route[];
    },
    stickiness: Stickiness,
  ) {
    this.#traffic = traffic;
    this.#loadBalancers = site.loadBalancerArns;
    this.#stickiness = stickiness;
    this.#pairs = site.pairs;
    this.#routes = site.routes;
    this.#all = site.allRoutes;
  }

  get current(): readonly Route[] {
    return this.#routes;
  }

  /** Every rule of the load balancers when all were last read. */
  get all(): readonly Route[] {
    return this.#all;
  }

  /** Rules that lead to a canary alone: the ones that a test before the first user needs. */
  get canaryOnly(): readonly Route[] {
    const canaries = new Set(this.#pairs.flatMap(({ canary }) => canary?.arn ?? []));
    return this.#all.filter(
      ({ groups, isDefault }) =>
        !isDefault && groups.length > 0 && groups.every(({ arn }) => canaries.has(arn)),
    );
  }

  canaryGroupFor(route: Route): string | undefined {
    return this.#pairOf(route)?.canary?.arn;
  }

  usePairs(pairs: readonly Pair[]): void {
    this.#pairs = pairs;
  }

  /** Reads from the tags what the routes were that an earlier run has changed. */
  async recallOriginals(): Promise<void> {
    const changed = this.#routes.filter((route) => this.#canaryOf(route) !== undefined);
    if (changed.length === 0) return;
    const tags = await this.#traffic.tags([...new Set(changed.map(tagged))]);
    for (const route of changed) {
      const text = tags.get(tagged(route))?.[ORIGINAL_TAG];
      const known = route.groups.map(({ arn }) => arn);
      this.#originals.set(
        route.ruleArn,
        text === undefined ? this.#withoutCanary(route) : decodeOriginal(text, known),
      );
    }
  }

  /** `attached` when every route names the canary's target group, `original` when none does. */
  get state(): 'original' | 'partly' | 'attached' {
    const attached = this.#routes.filter((route) => this.#canaryOf(route) !== undefined).length;
    if (attached === 0) return 'original';
    return attached === this.#routes.length ? 'attached' : 'partly';
  }

  /** The largest share, in percent, that any route gives the canary. */
  get share(): number {
    return Math.max(0, ...this.#routes.map((route) => this.#shareOf(route)));
  }

  /** The first route whose weights cannot express the share, if any. */
  tooCoarseFor(weight: number): Route | undefined {
    return this.#routes.find((route) => this.#split(route, weight) === undefined);
  }

  /** Puts the canary into every route that there is now, at weight 0 where it is new, and at `weight` everywhere. */
  async shift(weight: number): Promise<void> {
    await this.refresh();
    await this.#rememberOriginals();
    const targets = this.#routes.map((route) => ({ route, groups: this.#split(route, weight) }));
    const coarse = targets.find(({ groups }) => groups === undefined);
    if (coarse) throw new Error(`${describeRoute(coarse.route)} cannot give ${weight}% to the canary`);
    await Promise.all(
      targets.map(({ route, groups }) => this.#traffic.write(route, groups ?? [], this.#stickinessOf(route))),
    );
  }

  /** Takes the canary out of all known routes: one call a route, all at once, before anything is read. */
  async restore(): Promise<void> {
    await Promise.all(
      this.#routes.flatMap((route) => {
        const original = this.#originals.get(route.ruleArn);
        if (!original && this.#canaryOf(route) === undefined) return [];
        const { groups, stickinessSeconds } = original ?? this.#withoutCanary(route);
        return [this.#traffic.write(route, groups, stickinessSeconds)];
      }),
    );
  }

  /** Finds all routes anew, those too that somebody has added meanwhile. */
  async refresh(): Promise<void> {
    this.#all = await this.#traffic.routes(this.#loadBalancers);
    this.#routes = routesTo(this.#all, this.#pairs);
  }

  /** Reads the routes again as they are, in one call for most services. */
  async reread(): Promise<void> {
    this.#routes = await this.#traffic.reread(this.#routes);
  }

  /** Forgets the originals, in AWS too. */
  async forgetOriginals(): Promise<void> {
    await this.#traffic.untag([...new Set(this.#routes.map(tagged))], [ORIGINAL_TAG]);
    this.#originals.clear();
  }

  /** What the canary gets differs between routes, or is not what was asked: which, in words. */
  unlike(weight: number): Route | undefined {
    return this.#routes.find((route) => {
      const wanted = this.#split(route, weight);
      return wanted === undefined || !sameGroups(wanted, route.groups);
    });
  }

  async #rememberOriginals(): Promise<void> {
    const fresh = this.#routes.filter(({ ruleArn }) => !this.#originals.has(ruleArn));
    const byText = new Map<string, string[]>();
    for (const route of fresh) {
      const original = this.#withoutCanary(route);
      this.#originals.set(route.ruleArn, original);
      const text = encodeOriginal(original);
      byText.set(text, [...(byText.get(text) ?? []), tagged(route)]);
    }
    await Promise.all(
      [...byText].map(([text, arns]) => this.#traffic.tag([...new Set(arns)], { [ORIGINAL_TAG]: text })),
    );
  }

  #pairOf(route: Route): Pair | undefined {
    return this.#pairs.find(({ stable, canary }) =>
      route.groups.some(({ arn }) => arn === stable.arn || arn === canary?.arn),
    );
  }

  /** The canary's group in a route, if it is there. */
  #canaryOf(route: Route): string | undefined {
    return this.#pairs.find(({ canary }) => route.groups.some(({ arn }) => arn === canary?.arn))?.canary?.arn;
  }

  #shareOf(route: Route): number {
    const pair = this.#pairOf(route);
    return pair?.canary ? shareOf(route.groups, pair.stable.arn, pair.canary.arn) : 0;
  }

  #split(route: Route, weight: number): readonly WeightedGroup[] | undefined {
    const pair = this.#pairOf(route);
    const original = this.#originals.get(route.ruleArn) ?? this.#withoutCanary(route);
    return pair && split(original.groups, pair.stable.arn, pair.canary?.arn ?? pair.canaryName, weight);
  }

  #withoutCanary(route: Route): OriginalAction {
    const canary = this.#canaryOf(route);
    const stable = this.#pairOf(route)?.stable.arn;
    const taken = route.groups.find(({ arn }) => arn === canary)?.weight ?? 0;
    return {
      groups: route.groups
        .filter(({ arn }) => arn !== canary)
        .map(({ arn, weight }) => ({ arn, weight: arn === stable ? weight + taken : weight })),
      stickinessSeconds: route.stickinessSeconds,
    };
  }

  #stickinessOf(route: Route): number | undefined {
    if (this.#stickiness === 'off') return undefined;
    if (this.#stickiness !== 'keep') return this.#stickiness;
    return (this.#originals.get(route.ruleArn) ?? route).stickinessSeconds;
  }
}

function sameGroups(a: readonly WeightedGroup[], b: readonly WeightedGroup[]): boolean {
  const weights = new Map(b.map(({ arn, weight }) => [arn, weight]));
  return a.length === b.length && a.every(({ arn, weight }) => weights.get(arn) === weight);
}
