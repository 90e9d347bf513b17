import type {
  DescribeAccountLimitsCommandInput,
  DescribeAccountLimitsCommandOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import type { Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badMarker } from './errors.ts';

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const USUAL_LIMITS: Readonly<Record<string, number>> = {
  'application-load-balancers': 50,
  'listeners-per-application-load-balancer': 50,
  'rules-per-application-load-balancer': 100,
  'targets-per-application-load-balancer': 1_000,
  'target-groups': 3_000,
  'target-groups-per-action-on-application-load-balancer': 5,
  'target-groups-per-application-load-balancer': 100,
  'targets-per-target-group': 1_000,
  'certificates-per-application-load-balancer': 25,
  'condition-values-per-alb-rule': 5,
  'condition-wildcards-per-alb-rule': 6,
};

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeAccountLimits.html */
export const limitOperations = (limits: Readonly<Record<string, number>>): Operations => ({
  DescribeAccountLimits(
    input: DescribeAccountLimitsCommandInput,
  ): Answer<DescribeAccountLimitsCommandOutput> {
    const all = Object.entries({ ...USUAL_LIMITS, ...limits });
    const { items, next } = page(all, input.Marker, input.PageSize ?? all.length, badMarker);
    const Limits = items.map(([Name, most]) => ({ Name, Max: String(most) }));
    return next === undefined ? { Limits } : { Limits, NextMarker: next };
  },
});
