import type { Route, Traffic } from '../ports.ts';
import {
  decodeOriginal,
  encodeOriginal,
  ORIGINAL_TAG,
  type OriginalAction,
  type StickinessSeconds,
} from '../rollout/ledger.ts';
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
  readonly #targetStickiness: ReadonlyMap<string, number>;
  #pairs: readonly Pair[];
  #routes: readonly Route[];
  #all: readonly Route[];
  /** ARNs of rules that were written to since they were read last. */
  readonly #written = new Set<string>();
  /** By rule ARN. */
  readonly #originals = new Map<string, OriginalAction>();

  constructor(
    traffic: Traffic,
    site: {
      readonly loadBalancerArns: readonly string[];
      readonly pairs: readonly Pair[];
      readonly routes: readonly Route[];
      readonly allRoutes: readonly Route[];
      readonly targetStickiness: ReadonlyMap<string, number>;
    },
    stickiness: Stickiness,
  ) {
    this.#traffic = traffic;
    this.#loadBalancers = site.loadBalancerArns;
    this.#stickiness = stickiness;
    this.#targetStickiness = site.targetStickiness;
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

  pairFor(route: Route): Pair | undefined {
    return this.#pairOf(route);
  }

  /** The first route that leads to two of the service's own target groups, if any. */
  get ambiguous(): Route | undefined {
    const stable = new Set(this.#pairs.map((pair) => pair.stable.arn));
    return this.#routes.find(({ groups }) => groups.filter(({ arn }) => stable.has(arn)).length > 1);
  }

  /** Routes with a target group that keeps clients with one target, which AWS takes beside others only when sticky. */
  get needingStickiness(): readonly { readonly route: Route; readonly group: string }[] {
    return this.#routes.flatMap((route) => {
      const sticky = route.groups.find(({ arn }) => this.#targetStickiness.has(arn));
      return sticky ? [{ route, group: sticky.arn }] : [];
    });
  }

  /** How long clients stay on their side of a route while the rollout runs, in seconds; `undefined` when they need not. */
  stickinessDuring(route: Route): number | undefined {
    const seconds = this.#stickinessOf(route);
    return typeof seconds === 'number' ? seconds : undefined;
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

  /** Finds the routes that there are now, and remembers in AWS what the new ones among them were. */
  async prepare(): Promise<void> {
    await this.refresh();
    await this.#rememberOriginals();
  }

  /** Gives the canary `weight` percent in every route, putting it in where it is not. Needs `prepare` first. */
  async give(weight: number): Promise<void> {
    const targets = this.#routes.map((route) => ({ route, groups: this.#split(route, weight) }));
    const coarse = targets.find(({ groups }) => groups === undefined);
    if (coarse) throw new Error(`${describeRoute(coarse.route)} cannot give ${weight}% to the canary`);
    for (const { route } of targets) this.#written.add(route.ruleArn);
    await Promise.all(
      targets.map(({ route, groups }) => this.#traffic.write(route, groups ?? [], this.#stickinessOf(route))),
    );
  }

  /**
   * Takes the canary out of all known routes: one call a route, all at once, before anything is read. A route that
   * fails does not keep the others from being restored; one that is gone needs no restoring.
   */
  async restore(): Promise<void> {
    const results = await Promise.allSettled(
      this.#routes.flatMap((route) => {
        // Somebody else's change of a route that was read since we wrote to it is theirs to keep.
        const ours = this.#written.has(route.ruleArn) || this.#canaryOf(route) !== undefined;
        const { groups, stickinessSeconds } =
          this.#originals.get(route.ruleArn) ?? this.#withoutCanary(route);
        return ours ? [this.#putBack(route, groups, stickinessSeconds)] : [];
      }),
    );
    const failed = results.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #putBack(
    route: Route,
    groups: readonly WeightedGroup[],
    stickinessSeconds: StickinessSeconds,
  ): Promise<void> {
    try {
      await this.#traffic.write(route, groups, stickinessSeconds);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (/^(Rule|Listener)NotFound/.test(name)) return;
      if (!name.startsWith('TargetGroupNotFound')) throw error;
      // Another group of the rule has been deleted meanwhile: the rule goes on without it.
      const there = await Promise.all(
        groups.map(async (group) => ((await this.#exists(group.arn)) ? [group] : [])),
      );
      await this.#traffic.write(route, there.flat(), stickinessSeconds);
    }
  }

  async #exists(targetGroupArn: string): Promise<boolean> {
    try {
      return (await this.#traffic.targetGroups([targetGroupArn])).length > 0;
    } catch (error) {
      if (error instanceof Error && error.name.startsWith('TargetGroupNotFound')) return false;
      throw error;
    }
  }

  /** Finds all routes anew, those too that somebody has added meanwhile. */
  async refresh(): Promise<void> {
    this.#all = await this.#traffic.routes(this.#loadBalancers);
    this.#routes = routesTo(this.#all, this.#pairs);
    this.#written.clear();
  }

  /** Reads the routes again as they are, in one call for most services. */
  async reread(): Promise<void> {
    this.#routes = await this.#traffic.reread(this.#routes);
    this.#written.clear();
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

  #stickinessOf(route: Route): StickinessSeconds {
    if (this.#stickiness === 'off') return undefined;
    if (this.#stickiness !== 'keep') return this.#stickiness;
    const own = (this.#originals.get(route.ruleArn) ?? route).stickinessSeconds;
    if (typeof own === 'number') return own;
    const needed = route.groups.flatMap(({ arn }) => this.#targetStickiness.get(arn) ?? []);
    return needed.length > 0 ? Math.max(...needed) : own;
  }
}

function sameGroups(a: readonly WeightedGroup[], b: readonly WeightedGroup[]): boolean {
  const weights = new Map(b.map(({ arn, weight }) => [arn, weight]));
  return a.length === b.length && a.every(({ arn, weight }) => weights.get(arn) === weight);
}
