import type { Scenario, ScenarioBehaviour, ScenarioService } from '../simulator/scenario/scenario.ts';
import { webShop } from '../simulator/scenario/web-shop.ts';

/** When every story begins: a Monday, noon. */
export const NOON = Date.UTC(2026, 0, 5, 12);
export const CLUSTER = 'prod';
export const SERVICE = 'web';
export const TARGET_GROUP = 'web';
export const LOAD_BALANCER = 'shop';

/** A request that takes longer counts as slow for its user. */
export const SLOW_OVER_MS = 500;

/** The web shop with web:1 in service and web:2, which behaves as given, ready to be released. */
export const shopWith = (release: ScenarioBehaviour): Scenario =>
  webShop({
    images: ['shop:1.8.0', 'shop:1.9.0'],
    behaviours: { 'shop:1.9.0': release },
    override: { slowOver: SLOW_OVER_MS },
  });

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The web shop after a bad day: web:2 never came up and ECS itself went back to web:1; web:3 did come up, has been in
 * service for twenty minutes, and fails one request in twenty-five.
 */
export function shopAfterBadRelease(): Scenario {
  const shop = webShop({
    images: ['shop:1.8.0', 'shop:1.9.0', 'shop:1.9.1'],
    behaviours: { 'shop:1.9.1': { errorRate: 0.04 } },
  });
  const history: ScenarioService['history'] = [
    { taskDefinition: 'web:1', ago: 3 * DAY, status: 'SUCCESSFUL' },
    { taskDefinition: 'web:2', ago: 90 * MINUTE, status: 'ROLLBACK_SUCCESSFUL' },
  ];
  return {
    ...shop,
    slowOver: SLOW_OVER_MS,
    services: shop.services.map((service) => ({
      ...service,
      taskDefinition: 'web:3',
      deployedAgo: 20 * MINUTE,
      history,
    })),
  };
}
