import {
  type Action,
  AddTagsCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  type CreateTargetGroupCommandOutput,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DescribeListenersCommand,
  type DescribeListenersCommandOutput,
  DescribeRulesCommand,
  type DescribeRulesCommandOutput,
  DescribeTagsCommand,
  type DescribeTagsCommandOutput,
  DescribeTargetGroupAttributesCommand,
  type DescribeTargetGroupAttributesCommandOutput,
  DescribeTargetGroupsCommand,
  type DescribeTargetGroupsCommandOutput,
  DescribeTargetHealthCommand,
  type DescribeTargetHealthCommandOutput,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  RemoveTagsCommand,
  type Rule,
  type TargetGroup as SdkTargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Route, TargetGroup, TargetHealth, Traffic } from '../ports.ts';
import type { Tags } from '../rollout/ledger.ts';
import type { WeightedGroup } from '../rollout/weights.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** DescribeTags, AddTags and RemoveTags take at most 20 resources a call. */
const TAGGED_AT_ONCE = 20;

/** Application Load Balancers: listener rules with weights, target groups, tags. */
export function traffic(connection: Connection): Traffic {
  const client = new ElasticLoadBalancingV2Client(clientSettings(connection));
  const send = <Output>(command: object): Promise<Output> =>
    call(connection, 'elasticloadbalancing', client, command);
  /** The actions of every rule that was read: what is not a forward goes back as it came. */
  const actions = new Map<string, readonly Action[]>();
  const models = new Map<string, SdkTargetGroup>();

  async function describeGroups(wanted: { TargetGroupArns: string[] } | { Names: string[] }) {
    const output = await send<DescribeTargetGroupsCommandOutput>(new DescribeTargetGroupsCommand(wanted));
    return (output.TargetGroups ?? []).map((group) => {
      models.set(group.TargetGroupArn ?? '', group);
      return targetGroup(group);
    });
  }

  const toRoute = (rule: Rule, listenerArn: string): Route => {
    const forward = rule.Actions?.find(({ Type }) => Type === 'forward');
    const stickiness = forward?.ForwardConfig?.TargetGroupStickinessConfig;
    actions.set(rule.RuleArn ?? '', rule.Actions ?? []);
    return {
      ruleArn: rule.RuleArn ?? '',
      listenerArn,
      isDefault: rule.IsDefault ?? false,
      priority: rule.IsDefault ? undefined : Number(rule.Priority),
      groups: groupsOf(forward),
      stickinessSeconds: stickiness?.Enabled ? (stickiness.DurationSeconds ?? 3600) : undefined,
    };
  };

  async function pages<Page extends { NextMarker?: string | undefined }>(
    request: (marker: { Marker?: string }) => object,
  ): Promise<Page[]> {
    const all: Page[] = [];
    let marker: string | undefined;
    do {
      const page: Page = await send<Page>(request(marker === undefined ? {} : { Marker: marker }));
      all.push(page);
      marker = page.NextMarker;
    } while (marker);
    return all;
  }

  async function batched<T>(items: readonly string[], one: (batch: string[]) => Promise<T>): Promise<T[]> {
    const batches: string[][] = [];
    for (let start = 0; start < items.length; start += TAGGED_AT_ONCE) {
      batches.push(items.slice(start, start + TAGGED_AT_ONCE));
    }
    return Promise.all(batches.map(one));
  }

  return {
    targetGroups: (arns) => describeGroups({ TargetGroupArns: [...arns] }),

    async targetGroupsByName(names) {
      // One unknown name makes AWS refuse the whole question, so each is asked for alone.
      const found = await Promise.all(
        names.map((name) =>
          describeGroups({ Names: [name] }).catch((error: unknown) => {
            if (/^TargetGroupNotFound/.test(errorName(error))) return [];
            throw error;
          }),
        ),
      );
      return found.flat();
    },

    async routes(loadBalancerArns) {
      const listeners = await Promise.all(
        loadBalancerArns.map((LoadBalancerArn) =>
          pages<DescribeListenersCommandOutput>(
            (marker) => new DescribeListenersCommand({ LoadBalancerArn, ...marker }),
          ),
        ),
      );
      const listenerArns = listeners
        .flat()
        .flatMap((page) => page.Listeners ?? [])
        .map(({ ListenerArn }) => ListenerArn ?? '');
      const rules = await Promise.all(
        listenerArns.map(async (ListenerArn) => {
          const all = await pages<DescribeRulesCommandOutput>(
            (marker) => new DescribeRulesCommand({ ListenerArn, ...marker }),
          );
          return all.flatMap((page) => page.Rules ?? []).map((rule) => toRoute(rule, ListenerArn));
        }),
      );
      return rules.flat();
    },

    async reread(routes) {
      if (routes.length === 0) return [];
      const listeners = new Map(routes.map(({ ruleArn, listenerArn }) => [ruleArn, listenerArn]));
      const batches = await batched([...listeners.keys()], (RuleArns) =>
        send<DescribeRulesCommandOutput>(new DescribeRulesCommand({ RuleArns })),
      );
      return batches
        .flatMap(({ Rules }) => Rules ?? [])
        .map((rule) => toRoute(rule, listeners.get(rule.RuleArn ?? '') ?? ''));
    },

    async write(route, groups, stickinessSeconds) {
      const rebuilt = rebuild(actions.get(route.ruleArn) ?? [], groups, stickinessSeconds);
      await send(
        route.isDefault
          ? new ModifyListenerCommand({ ListenerArn: route.listenerArn, DefaultActions: rebuilt })
          : new ModifyRuleCommand({ RuleArn: route.ruleArn, Actions: rebuilt }),
      );
    },

    async createLike(model, name, tags) {
      const source = models.get(model.arn);
      if (!source) throw new Error(`createLike needs a target group that was read, not ${model.arn}`);
      const [created, attributes] = await Promise.all([
        send<CreateTargetGroupCommandOutput>(
          new CreateTargetGroupCommand({ ...settingsOf(source), Name: name, Tags: sdkTags(tags) }),
        ),
        send<DescribeTargetGroupAttributesCommandOutput>(
          new DescribeTargetGroupAttributesCommand({ TargetGroupArn: model.arn }),
        ),
      ]);
      const group = created.TargetGroups?.[0];
      if (!group?.TargetGroupArn)
        throw new Error(`CreateTargetGroup answered without a target group for ${name}`);
      models.set(group.TargetGroupArn, group);
      await send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: group.TargetGroupArn,
          // An attribute that is not set is answered as an empty text, which AWS does not take back.
          Attributes: (attributes.Attributes ?? []).filter(
            ({ Value }) => Value !== undefined && Value !== '',
          ),
        }),
      );
      return targetGroup(group);
    },

    async deleteTargetGroup(arn) {
      try {
        await send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
      } catch (error) {
        if (!/^TargetGroupNotFound/.test(errorName(error))) throw error;
      }
    },

    async setDeregistrationDelay(arn, seconds) {
      await send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: arn,
          Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) }],
        }),
      );
    },

    async health(targetGroupArn) {
      const output = await send<DescribeTargetHealthCommandOutput>(
        new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
      );
      return health(output);
    },

    async tags(arns) {
      const batches = await batched(arns, (ResourceArns) =>
        send<DescribeTagsCommandOutput>(new DescribeTagsCommand({ ResourceArns })),
      );
      return new Map(
        batches
          .flatMap(({ TagDescriptions }) => TagDescriptions ?? [])
          .map(({ ResourceArn, Tags }) => [
            ResourceArn ?? '',
            Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
          ]),
      );
    },

    async tag(arns, tags) {
      if (Object.keys(tags).length === 0) return;
      await batched(arns, (ResourceArns) => send(new AddTagsCommand({ ResourceArns, Tags: sdkTags(tags) })));
    },

    async untag(arns, keys) {
      await batched(arns, (ResourceArns) =>
        send(new RemoveTagsCommand({ ResourceArns, TagKeys: [...keys] })),
      );
    },

    async createHeaderRule({ listenerArn, header, value, targetGroupArn, priority, tags }) {
      await send(
        new CreateRuleCommand({
          ListenerArn: listenerArn,
          Priority: priority,
          Conditions: [
            { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: header, Values: [value] } },
          ],
          Actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
          Tags: sdkTags(tags),
        }),
      );
    },

    async deleteRule(ruleArn) {
      try {
        await send(new DeleteRuleCommand({ RuleArn: ruleArn }));
      } catch (error) {
        if (!/^RuleNotFound/.test(errorName(error))) throw error;
      }
    },
  };
}

const sdkTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const targetGroup = (group: SdkTargetGroup): TargetGroup => ({
  arn: group.TargetGroupArn ?? '',
  name: group.TargetGroupName ?? '',
  loadBalancerArns: group.LoadBalancerArns ?? [],
  protocol: group.Protocol ?? '',
});

function groupsOf(forward: Action | undefined): WeightedGroup[] {
  const groups = forward?.ForwardConfig?.TargetGroups;
  if (groups?.length) {
    return groups.map(({ TargetGroupArn, Weight }) => ({ arn: TargetGroupArn ?? '', weight: Weight ?? 1 }));
  }
  return forward?.TargetGroupArn ? [{ arn: forward.TargetGroupArn, weight: 1 }] : [];
}

/** The same actions with other groups and stickiness in the forward; whatever runs before it stays. */
function rebuild(
  actions: readonly Action[],
  groups: readonly WeightedGroup[],
  stickinessSeconds: number | undefined,
): Action[] {
  return actions.map((action) => {
    if (action.Type === 'forward') {
      const { TargetGroupArn: _single, ForwardConfig: config, ...rest } = action;
      return {
        ...rest,
        ForwardConfig: {
          ...config,
          TargetGroups: groups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })),
          TargetGroupStickinessConfig:
            stickinessSeconds === undefined
              ? { Enabled: false }
              : { Enabled: true, DurationSeconds: stickinessSeconds },
        },
      };
    }
    // AWS never tells the client secret, and takes the action back only when told to keep the one it has.
    return action.AuthenticateOidcConfig
      ? {
          ...action,
          AuthenticateOidcConfig: { ...action.AuthenticateOidcConfig, UseExistingClientSecret: true },
        }
      : action;
  });
}

/** What CreateTargetGroup takes of what DescribeTargetGroups answers; health checks of TCP have no path or matcher. */
function settingsOf(group: SdkTargetGroup): Omit<CreateTargetGroupCommandInput, 'Name'> {
  const {
    TargetGroupArn: _arn,
    TargetGroupName: _name,
    LoadBalancerArns: _loadBalancers,
    ...settings
  } = group;
  return settings;
}

function health(output: DescribeTargetHealthCommandOutput): TargetHealth {
  const states = (output.TargetHealthDescriptions ?? []).map(({ TargetHealth }) => TargetHealth);
  const count = (...wanted: string[]) =>
    states.filter((state) => state?.State && wanted.includes(state.State)).length;
  const reasons = states
    .filter((state) => state?.State === 'unhealthy')
    .map((state) => [state?.Reason, state?.Description].filter((part) => part !== undefined).join(': '));
  return {
    healthy: count('healthy'),
    unhealthy: count('unhealthy', 'unhealthy.draining'),
    initial: count('initial', 'unused', 'unavailable'),
    draining: count('draining'),
    reasons: [...new Set(reasons)],
  };
}
