import {
  type Action,
  AddTagsCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  type CreateTargetGroupCommandOutput,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DescribeAccountLimitsCommand,
  type DescribeAccountLimitsCommandOutput,
  DescribeListenersCommand,
  type DescribeListenersCommandOutput,
  DescribeLoadBalancersCommand,
  type DescribeLoadBalancersCommandOutput,
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
  type LoadBalancer as SdkLoadBalancer,
  type TargetGroup as SdkTargetGroup,
  type TargetGroupStickinessConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Route, TargetGroup, TargetHealth, Traffic } from '../ports.ts';
import type { HealthCheck } from '../preflight/health-check.ts';
import type { LoadBalancer } from '../preflight/vpc.ts';
import type { StickinessSeconds, Tags } from '../rollout/ledger.ts';
import type { WeightedGroup } from '../rollout/weights.ts';
import { CHANGE, type Connection, call, clientSettings, deniedAsGone, errorName } from './connection.ts';

/** DescribeTags, AddTags and RemoveTags take at most 20 resources a call. */
const TAGGED_AT_ONCE = 20;

/** What AWS takes for group stickiness, and what it gives a group's own stickiness by default. */
const MAX_STICKINESS_S = 604_800;
const DEFAULT_STICKINESS_S = 86_400;

/** Application Load Balancers: listener rules with weights, target groups, tags. */
export function traffic(connection: Connection): Traffic {
  const client = new ElasticLoadBalancingV2Client(clientSettings(connection));
  const writer = new ElasticLoadBalancingV2Client(clientSettings(connection, CHANGE));
  const send = <Output>(command: object, through = client): Promise<Output> =>
    call(connection, 'elasticloadbalancing', through, command);
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

  /** One that does not exist makes AWS refuse the whole question: then each is asked for alone. */
  async function existingGroups(
    one: (name: string) => { TargetGroupArns: string[] } | { Names: string[] },
    names: readonly string[],
  ) {
    const found = await Promise.all(
      names.map((name) =>
        describeGroups(one(name)).catch((error: unknown) => {
          if (/^TargetGroupNotFound/.test(errorName(error))) return [];
          throw error;
        }),
      ),
    );
    return found.flat();
  }

  /** Whether one of these target groups does not exist. */
  const isWithout = async (arns: readonly string[]): Promise<boolean> =>
    (await existingGroups((arn) => ({ TargetGroupArns: [arn] }), arns)).length < arns.length;

  const isWithoutRule = async (ruleArn: string): Promise<boolean> => {
    try {
      await send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
      return false;
    } catch (error) {
      if (/^RuleNotFound/.test(errorName(error))) return true;
      throw error;
    }
  };

  async function attributesOf(arn: string): Promise<ReadonlyMap<string, string>> {
    const { Attributes = [] } = await send<DescribeTargetGroupAttributesCommandOutput>(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }),
    );
    return new Map(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]));
  }

  /** Attributes that are unlike the model's. AWS takes no empty value, though it answers some that are not set so. */
  async function alignAttributes(modelArn: string, arn: string): Promise<void> {
    const [wanted, has] = await Promise.all([attributesOf(modelArn), attributesOf(arn)]);
    const Attributes = [...wanted]
      .filter(([key, value]) => value !== '' && has.get(key) !== value)
      .map(([Key, Value]) => ({ Key, Value }));
    if (Attributes.length === 0) return;
    await send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
  }

  async function create(source: SdkTargetGroup, name: string, tags: Tags): Promise<TargetGroup> {
    const request = { ...settingsOf(source), Name: name, Tags: sdkTags(tags) };
    try {
      const output = await send<CreateTargetGroupCommandOutput>(new CreateTargetGroupCommand(request));
      const group = output.TargetGroups?.[0];
      if (!group?.TargetGroupArn) {
        throw new Error(`CreateTargetGroup answered without a target group for ${name}`);
      }
      models.set(group.TargetGroupArn, group);
      return targetGroup(group);
    } catch (error) {
      // Made with other settings by a run before this one, or by one that is as quick; whose it is, its tags tell.
      const [existing] = /^DuplicateTargetGroupName/.test(errorName(error))
        ? await describeGroups({ Names: [name] })
        : [];
      if (!existing) throw error;
      return existing;
    }
  }

  const toRoute = (rule: Rule, listenerArn: string): Route => {
    const forward = rule.Actions?.find(({ Type }) => Type === 'forward');
    const condition = rule.Conditions?.find(({ Field }) => Field === 'http-header')?.HttpHeaderConfig;
    actions.set(rule.RuleArn ?? '', rule.Actions ?? []);
    return {
      ruleArn: rule.RuleArn ?? '',
      listenerArn,
      isDefault: rule.IsDefault ?? false,
      priority: rule.IsDefault ? undefined : Number(rule.Priority),
      groups: groupsOf(forward),
      stickinessSeconds: stickinessOf(forward),
      ...(condition && {
        header: { name: condition.HttpHeaderName ?? '', values: condition.Values ?? [] },
      }),
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
    async targetGroups(arns) {
      const found = await describeGroups({ TargetGroupArns: [...arns] }).catch((error: unknown) => {
        if (!/^TargetGroupNotFound/.test(errorName(error))) throw error;
        return existingGroups((arn) => ({ TargetGroupArns: [arn] }), arns);
      });
      return arns.flatMap((arn) => found.find((group) => group.arn === arn) ?? []);
    },

    targetGroupsByName: (names) => existingGroups((name) => ({ Names: [name] }), names),

    async targetStickiness(arns) {
      const found = await Promise.all(
        [...new Set(arns)].map(async (arn) => [arn, targetStickinessOf(await attributesOf(arn))] as const),
      );
      return new Map(found.flatMap(([arn, seconds]) => (seconds === undefined ? [] : [[arn, seconds]])));
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
        writer,
      );
    },

    async createLike(model, name, tags) {
      const source = models.get(model.arn);
      if (!source) throw new Error(`createLike needs a target group that was read, not ${model.arn}`);
      const known = [...models.values()].find(({ TargetGroupName }) => TargetGroupName === name);
      const group = known ? targetGroup(known) : await create(source, name, tags);
      await alignAttributes(model.arn, group.arn);
      return group;
    },

    async deleteTargetGroup(arn) {
      try {
        models.delete(arn);
        await send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
      } catch (error) {
        if (/^TargetGroupNotFound/.test(errorName(error))) return;
        if (!(await deniedAsGone(error, () => isWithout([arn])))) throw error;
      }
    },

    async deregistrationDelay(arn) {
      const output = await send<DescribeTargetGroupAttributesCommandOutput>(
        new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }),
      );
      const delay = output.Attributes?.find(({ Key }) => Key === DEREGISTRATION_DELAY)?.Value;
      return Number(delay ?? 300) * 1000;
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
      await batched(arns, async (ResourceArns) => {
        const groups = ResourceArns.filter((arn) => arn.includes(':targetgroup/'));
        try {
          await send(new AddTagsCommand({ ResourceArns, Tags: sdkTags(tags) }));
        } catch (error) {
          const gone = groups.length > 0 && (await deniedAsGone(error, () => isWithout(groups)));
          throw gone ? targetGroupNotFound(error) : error;
        }
      });
    },

    async untag(arns, keys) {
      await batched(arns, (ResourceArns) =>
        send(new RemoveTagsCommand({ ResourceArns, TagKeys: [...keys] })),
      );
    },

    async createHeaderRule({ listenerArn, header, value, targetGroupArn, priority, tags }) {
      const rule = new CreateRuleCommand({
        ListenerArn: listenerArn,
        Priority: priority,
        Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: header, Values: [value] } }],
        Actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
        Tags: sdkTags(tags),
      });
      try {
        await send(rule);
        return 'made';
      } catch (error) {
        if (!/^PriorityInUse/.test(errorName(error))) throw error;
        return 'taken';
      }
    },

    async deleteRule(ruleArn) {
      try {
        await send(new DeleteRuleCommand({ RuleArn: ruleArn }));
      } catch (error) {
        if (/^RuleNotFound/.test(errorName(error))) return;
        if (!(await deniedAsGone(error, () => isWithoutRule(ruleArn)))) throw error;
      }
    },

    async loadBalancers(arns) {
      // One that does not exist makes AWS refuse the whole question; a service has one load balancer, or two.
      const found = await Promise.all(
        [...new Set(arns)].map((arn) =>
          send<DescribeLoadBalancersCommandOutput>(
            new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
          ).catch((error: unknown) => {
            if (/^LoadBalancerNotFound/.test(errorName(error))) return undefined;
            throw error;
          }),
        ),
      );
      return found.flatMap((page) => page?.LoadBalancers ?? []).map(loadBalancer);
    },

    async healthCheck(targetGroupArn) {
      if (!models.has(targetGroupArn))
        await existingGroups((arn) => ({ TargetGroupArns: [arn] }), [targetGroupArn]);
      const group = models.get(targetGroupArn);
      return group && healthCheck(group);
    },

    async limits() {
      const all = await pages<DescribeAccountLimitsCommandOutput>(
        (marker) => new DescribeAccountLimitsCommand(marker),
      );
      return new Map(
        all
          .flatMap(({ Limits }) => Limits ?? [])
          .flatMap(({ Name, Max }) => (Name === undefined || Max === undefined ? [] : [[Name, Number(Max)]])),
      );
    },
  };
}

/** What AWS says of a target group that is gone to who may ask about any. */
const targetGroupNotFound = (cause: unknown): Error =>
  Object.assign(new Error('The target group does not exist any more', { cause }), {
    name: 'TargetGroupNotFoundException',
  });

const DEREGISTRATION_DELAY = 'deregistration_delay.timeout_seconds';

const sdkTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const targetGroup = (group: SdkTargetGroup): TargetGroup => ({
  arn: group.TargetGroupArn ?? '',
  name: group.TargetGroupName ?? '',
  loadBalancerArns: group.LoadBalancerArns ?? [],
  protocol: group.Protocol ?? '',
});

const loadBalancer = (described: SdkLoadBalancer): LoadBalancer => ({
  arn: described.LoadBalancerArn ?? '',
  name: described.LoadBalancerName ?? '',
  type: described.Type ?? '',
  vpc: described.VpcId ?? '',
  securityGroups: described.SecurityGroups ?? [],
  subnets: (described.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
});

const healthCheck = (group: SdkTargetGroup): HealthCheck => ({
  enabled: group.HealthCheckEnabled ?? true,
  protocol: group.HealthCheckProtocol ?? '',
  port: group.HealthCheckPort ?? 'traffic-port',
  path: group.HealthCheckPath,
  intervalSeconds: group.HealthCheckIntervalSeconds ?? 0,
  timeoutSeconds: group.HealthCheckTimeoutSeconds ?? 0,
  healthyThreshold: group.HealthyThresholdCount ?? 0,
  unhealthyThreshold: group.UnhealthyThresholdCount ?? 0,
  matcher: group.Matcher?.HttpCode ?? group.Matcher?.GrpcCode,
});

function groupsOf(forward: Action | undefined): WeightedGroup[] {
  const groups = forward?.ForwardConfig?.TargetGroups;
  if (groups?.length) {
    return groups.map(({ TargetGroupArn, Weight }) => ({ arn: TargetGroupArn ?? '', weight: Weight ?? 1 }));
  }
  return forward?.TargetGroupArn ? [{ arn: forward.TargetGroupArn, weight: 1 }] : [];
}

function stickinessOf(forward: Action | undefined): StickinessSeconds {
  const { Enabled: on, DurationSeconds: seconds } = forward?.ForwardConfig?.TargetGroupStickinessConfig ?? {};
  if (on) return seconds ?? 3600;
  // AWS takes a duration from 1 on, and answers 0 where it has none.
  return seconds ? { off: seconds } : undefined;
}

function stickinessConfig(seconds: StickinessSeconds): TargetGroupStickinessConfig {
  if (seconds === undefined) return { Enabled: false };
  return typeof seconds === 'number'
    ? { Enabled: true, DurationSeconds: seconds }
    : { Enabled: false, DurationSeconds: seconds.off };
}

/** How long a target group keeps a client with one target, in seconds that group stickiness takes as well. */
function targetStickinessOf(attributes: ReadonlyMap<string, string>): number | undefined {
  if (attributes.get('stickiness.enabled') !== 'true') return undefined;
  const type = attributes.get('stickiness.type') === 'app_cookie' ? 'app_cookie' : 'lb_cookie';
  const seconds = Math.round(Number(attributes.get(`stickiness.${type}.duration_seconds`)));
  return Math.min(MAX_STICKINESS_S, Math.max(1, seconds || DEFAULT_STICKINESS_S));
}

/** The same actions with other groups and stickiness in the forward; whatever runs before it stays. */
function rebuild(
  actions: readonly Action[],
  groups: readonly WeightedGroup[],
  stickinessSeconds: StickinessSeconds,
): Action[] {
  return actions.map((action) => {
    if (action.Type === 'forward') {
      const { TargetGroupArn: _single, ForwardConfig: config, ...rest } = action;
      return {
        ...rest,
        ForwardConfig: {
          ...config,
          TargetGroups: groups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })),
          TargetGroupStickinessConfig: stickinessConfig(stickinessSeconds),
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

/**
 * What CreateTargetGroup takes of what DescribeTargetGroups answers, for a group that speaks HTTP or HTTPS to instances
 * or IP addresses, in any version. Its health checks are of HTTP or HTTPS as well, so they have a path and a matcher:
 * codes of gRPC for that version, of HTTP for the others.
 */
function settingsOf(group: SdkTargetGroup): Omit<CreateTargetGroupCommandInput, 'Name'> {
  const { HttpCode, GrpcCode } = group.Matcher ?? {};
  const codes = group.ProtocolVersion === 'GRPC' ? { GrpcCode } : { HttpCode };
  const matcher = Object.values(codes).some((code) => code !== undefined) ? codes : undefined;
  const settings: Omit<CreateTargetGroupCommandInput, 'Name'> = {
    Protocol: group.Protocol,
    ProtocolVersion: group.ProtocolVersion,
    Port: group.Port,
    VpcId: group.VpcId,
    TargetType: group.TargetType,
    IpAddressType: group.IpAddressType,
    TargetControlPort: group.TargetControlPort,
    HealthCheckProtocol: group.HealthCheckProtocol,
    HealthCheckPort: group.HealthCheckPort,
    HealthCheckEnabled: group.HealthCheckEnabled,
    HealthCheckPath: group.HealthCheckPath,
    HealthCheckIntervalSeconds: group.HealthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds: group.HealthCheckTimeoutSeconds,
    HealthyThresholdCount: group.HealthyThresholdCount,
    UnhealthyThresholdCount: group.UnhealthyThresholdCount,
    Matcher: matcher,
  };
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
