import type { GroupShare } from '../elbv2/routing.ts';
import type { TrafficSource } from './source.ts';

/**
 * Where the returning clients of each source are. With group stickiness new clients follow the weights, and
 * returning ones stay where they are until their session ends.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#target-group-stickiness
 */
export class ReturningClients {
  readonly #settled = new Map<TrafficSource, Map<string, number>>();

  /**
   * The shares of the target groups in a source's requests.
   *
   * @param groups the shares by the weights
   * @param elapsed ms since the last call, in which sessions ended
   */
  shares(source: TrafficSource, groups: readonly GroupShare[], elapsed: number): GroupShare[] {
    const before = this.#settled.get(source) ?? new Map(groups.map(({ group, share }) => [group.arn, share]));
    const known = groups.reduce((sum, { group }) => sum + (before.get(group.arn) ?? 0), 0);
    const moved = 1 - Math.exp(-elapsed / source.session);
    const after = new Map<string, number>();
    const mixed = groups.map(({ group, share }) => {
      // Clients of a group that the rule no longer names are spread over the others.
      const stay = known === 0 ? share : (before.get(group.arn) ?? 0) / known;
      after.set(group.arn, stay + (share - stay) * moved);
      return { group, share: source.returning * stay + (1 - source.returning) * share };
    });
    this.#settled.set(source, after);
    return mixed;
  }
}
