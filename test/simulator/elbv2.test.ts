import { CreateServiceCommand, DeleteServiceCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ForwardActionConfig,
  ModifyListenerCommand,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  RemoveTagsCommand,
  type RuleCondition,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { listenDataPlane } from '../../src/simulator/elbv2/data-plane.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';
import { open, PROMPT } from './world-under-test.ts';

const shop = (options: WebShopOptions = {}) =>
  open(webShop({ images: ['app:v1', 'app:v2'], rate: 1, override: PROMPT, ...options }));

type World = ReturnType<typeof open>;

const group = (aws: World, Name: string): string => {
  const { TargetGroups = [] } = aws.send(
    new CreateTargetGroupCommand({
      Name,
      TargetType: 'ip',
      Port: 8080,
      VpcId: 'vpc-1',
      HealthCheckIntervalSeconds: 10,
      HealthyThresholdCount: 3,
    }),
  );
  return TargetGroups[0]?.TargetGroupArn ?? '';
};

const forward = (ForwardConfig: ForwardActionConfig) => [{ Type: 'forward' as const, ForwardConfig }];

const to = (TargetGroupArn: string, Weight: number) => ({ TargetGroupArn, Weight });

const path = (...Values: string[]): RuleCondition[] => [{ Field: 'path-pattern', Values }];

const addRule = (aws: World, Priority: number, TargetGroupArn: string, conditions = path('/x/*')) =>
  aws.send(
    new CreateRuleCommand({
      ListenerArn: aws.listener(),
      Priority,
      Conditions: conditions,
      Actions: [{ Type: 'forward', TargetGroupArn }],
    }),
  ).Rules?.[0]?.RuleArn ?? '';

describe('forward actions', () => {
  it('of one group are described by its ARN and by a forward config', () => {
    const aws = shop();
    const web = aws.targetGroup();
    addRule(aws, 20, web);
    expect(aws.rules().find(({ Priority }) => Priority === '20')).toMatchObject({
      IsDefault: false,
      Conditions: [{ Field: 'path-pattern', Values: ['/x/*'], PathPatternConfig: { Values: ['/x/*'] } }],
      Actions: [
        {
          Type: 'forward',
          TargetGroupArn: web,
          ForwardConfig: { TargetGroups: [to(web, 1)], TargetGroupStickinessConfig: { Enabled: false } },
        },
      ],
    });
  });

  it('take up to 5 groups with weights from 0 to 999, and keep stickiness', () => {
    const aws = shop();
    const groups = Array.from({ length: 6 }, (_, i) => group(aws, `group-${i}`));
    const rule = addRule(aws, 20, aws.targetGroup());
    const modify = (ForwardConfig: ForwardActionConfig) =>
      new ModifyRuleCommand({ RuleArn: rule, Actions: forward(ForwardConfig) });
    const five = groups.slice(0, 5).map((arn, i) => to(arn, i * 10));
    const TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: 600 };
    const answer = aws.send(modify({ TargetGroups: five, TargetGroupStickinessConfig }));
    const action = answer.Rules?.[0]?.Actions?.[0];
    expect(action?.ForwardConfig).toEqual({ TargetGroups: five, TargetGroupStickinessConfig });
    expect(action?.TargetGroupArn).toBeUndefined();
    const refusal = (config: ForwardActionConfig) => aws.refusal(modify(config));
    const first = groups[0] ?? '';
    expect(refusal({ TargetGroups: groups.map((arn) => to(arn, 1)) })).toMatch(
      /^ValidationError: .*at most 5/,
    );
    expect(refusal({ TargetGroups: [to(first, 1000)] })).toMatch(
      /^ValidationError: .*Value '1000' at 'actions.1.member.forwardConfig.targetGroups.1.member.weight'.*less than or equal to 999/,
    );
    expect(refusal({ TargetGroups: [to(first, -1)] })).toMatch(
      /^ValidationError: .*greater than or equal to 0/,
    );
    expect(refusal({ TargetGroups: [to(`${first}0`, 1)] })).toMatch(/^TargetGroupNotFound/);
    expect(refusal({ TargetGroups: [to('web', 1)] })).toBe(
      "ValidationError: 'web' is not a valid target group ARN",
    );
    expect(refusal({ TargetGroups: [to(first, 1)], TargetGroupStickinessConfig: { Enabled: true } })).toMatch(
      /^ValidationError: .*stickiness duration/,
    );
  });
});

describe('target stickiness', () => {
  const sticky = (TargetGroupArn: string) =>
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn,
      Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
    });
  const on = { Enabled: true, DurationSeconds: 60 };

  it('needs group stickiness in a rule with several groups', () => {
    const aws = shop();
    const [web, canary] = [aws.targetGroup(), group(aws, 'canary')];
    const RuleArn = addRule(aws, 20, web);
    aws.send(sticky(web));
    const both = { TargetGroups: [to(web, 1), to(canary, 0)] };
    expect(aws.refusal(new ModifyRuleCommand({ RuleArn, Actions: forward(both) }))).toBe(
      'InvalidLoadBalancerAction: You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups',
    );
    const config = { ...both, TargetGroupStickinessConfig: on };
    aws.send(new ModifyRuleCommand({ RuleArn, Actions: forward(config) }));
    aws.send(new ModifyRuleCommand({ RuleArn, Actions: forward({ TargetGroups: [to(web, 1)] }) }));
  });

  it('is refused for a group in a rule with several that has none', () => {
    const aws = shop();
    const [web, canary] = [aws.targetGroup(), group(aws, 'canary')];
    const RuleArn = addRule(aws, 20, web);
    const both = { TargetGroups: [to(web, 1), to(canary, 0)] };
    aws.send(new ModifyRuleCommand({ RuleArn, Actions: forward(both) }));
    expect(aws.refusal(sticky(canary))).toBe(
      `InvalidConfigurationRequest: This target group appears behind a rule with group stickiness disabled (${RuleArn}). You must enable group stickiness before enabling target stickiness`,
    );
    const config = { ...both, TargetGroupStickinessConfig: on };
    aws.send(new ModifyRuleCommand({ RuleArn, Actions: forward(config) }));
    aws.send(sticky(canary));
  });

  it('of a group keeps its duration while it is off', () => {
    const aws = shop();
    const RuleArn = addRule(aws, 20, aws.targetGroup());
    const written = (TargetGroupStickinessConfig: ForwardActionConfig['TargetGroupStickinessConfig']) => {
      const config = { TargetGroups: [to(aws.targetGroup(), 1)], TargetGroupStickinessConfig };
      const { Rules = [] } = aws.send(new ModifyRuleCommand({ RuleArn, Actions: forward(config) }));
      return Rules[0]?.Actions?.[0]?.ForwardConfig?.TargetGroupStickinessConfig;
    };
    expect(written({ Enabled: false, DurationSeconds: 600 })).toEqual({
      Enabled: false,
      DurationSeconds: 600,
    });
    expect(written({ Enabled: false })).toEqual({ Enabled: false });
    const wrong = { TargetGroups: [to(aws.targetGroup(), 1)] };
    expect(
      aws.refusal(
        new ModifyRuleCommand({
          RuleArn,
          Actions: forward({ ...wrong, TargetGroupStickinessConfig: { Enabled: false, DurationSeconds: 0 } }),
        }),
      ),
    ).toMatch(/^ValidationError: .*stickiness duration/);
  });
});

describe('rules', () => {
  it('are paged, ordered by priority with the default last', () => {
    const aws = shop();
    for (let i = 120; i > 0; i--) addRule(aws, 100 + i, aws.targetGroup());
    const ListenerArn = aws.listener();
    const first = aws.send(new DescribeRulesCommand({ ListenerArn }));
    expect(first.Rules).toHaveLength(100);
    const second = aws.send(new DescribeRulesCommand({ ListenerArn, Marker: first.NextMarker }));
    expect(second.NextMarker).toBeUndefined();
    const priorities = [...(first.Rules ?? []), ...(second.Rules ?? [])].map(({ Priority }) => Priority);
    expect(priorities).toEqual(['10', ...Array.from({ length: 120 }, (_, i) => `${101 + i}`), 'default']);
    const small = aws.send(new DescribeRulesCommand({ ListenerArn, PageSize: 7 }));
    expect(small.Rules).toHaveLength(7);
    expect(aws.refusal(new DescribeRulesCommand({ ListenerArn, Marker: '?' }))).toMatch(/^ValidationError/);
  });

  it('are found by their ARNs, and refused when there are none', () => {
    const aws = shop();
    const arn = addRule(aws, 5, aws.targetGroup());
    expect(aws.send(new DescribeRulesCommand({ RuleArns: [arn] })).Rules).toHaveLength(1);
    expect(aws.refusal(new DescribeRulesCommand({ RuleArns: [`${arn}0`] }))).toBe(
      'RuleNotFound: One or more rules not found',
    );
    expect(aws.refusal(new DescribeRulesCommand({ ListenerArn: `${aws.listener()}0` }))).toBe(
      'ListenerNotFound: One or more listeners not found',
    );
    aws.send(new DeleteRuleCommand({ RuleArn: arn }));
    expect(aws.refusal(new DescribeRulesCommand({ RuleArns: [arn] }))).toMatch(/^RuleNotFound/);
  });

  it('keep their priorities apart', () => {
    const aws = shop();
    const web = aws.targetGroup();
    const [a, b] = [addRule(aws, 1, web), addRule(aws, 2, web)];
    expect(
      aws.refusal(
        new CreateRuleCommand({
          ListenerArn: aws.listener(),
          Priority: 2,
          Conditions: path('/y'),
          Actions: [{ Type: 'forward', TargetGroupArn: web }],
        }),
      ),
    ).toBe("PriorityInUse: Priority '2' is currently in use");
    const set = (...pairs: [string, number][]) =>
      new SetRulePrioritiesCommand({
        RulePriorities: pairs.map(([RuleArn, Priority]) => ({ RuleArn, Priority })),
      });
    expect(aws.refusal(set([a, 10]))).toMatch(/^PriorityInUse/);
    aws.send(set([a, 2], [b, 1]));
    expect(aws.rules().map(({ RuleArn }) => RuleArn)).toEqual([b, a, expect.anything(), expect.anything()]);
  });

  it('by default are modified through their listener only', () => {
    const aws = shop();
    const RuleArn = aws.rules().at(-1)?.RuleArn;
    const canary = group(aws, 'canary');
    const Actions = forward({ TargetGroups: [to(canary, 5), to(aws.targetGroup(), 95)] });
    expect(aws.refusal(new ModifyRuleCommand({ RuleArn, Actions }))).toMatch(
      /^OperationNotPermitted: Default rule/,
    );
    expect(aws.refusal(new DeleteRuleCommand({ RuleArn }))).toMatch(/^OperationNotPermitted: Default rule/);
    aws.send(new ModifyListenerCommand({ ListenerArn: aws.listener(), DefaultActions: Actions }));
    const weights = aws
      .rules()
      .at(-1)
      ?.Actions?.[0]?.ForwardConfig?.TargetGroups?.map(({ Weight }) => Weight);
    expect(weights).toEqual([5, 95]);
    expect(aws.listeners()[0]?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups).toHaveLength(2);
  });

  it('show the state before a write until the write has spread', () => {
    const aws = shop({ override: { history: 0, consistencyLag: { min: 1_000, max: 1_000 } } });
    const canary = group(aws, 'canary');
    aws.pass(1);
    const weight = () => aws.rules()[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight;
    const modify = (Weight: number) =>
      aws.send(
        new ModifyRuleCommand({
          RuleArn: aws.rules()[0]?.RuleArn,
          Actions: forward({ TargetGroups: [to(canary, Weight)] }),
        }),
      ).Rules?.[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight;
    expect([modify(5), weight()]).toEqual([5, 1]);
    aws.pass(0.5);
    expect([modify(25), weight()]).toEqual([25, 1]);
    aws.pass(0.5);
    expect(weight()).toBe(5);
    aws.pass(0.5);
    expect(weight()).toBe(25);
    const gone = addRule(aws, 500, canary);
    aws.pass(1);
    aws.send(new DeleteRuleCommand({ RuleArn: gone }));
    expect(aws.rules()).toHaveLength(3);
    aws.pass(1);
    expect(aws.rules()).toHaveLength(2);
  });
});

describe('requests', () => {
  it('go to the first rule by priority whose conditions all hold', () => {
    const aws = shop();
    const fixed = (Priority: number, body: string, Conditions: RuleCondition[]) =>
      aws.send(
        new CreateRuleCommand({
          ListenerArn: aws.listener(),
          Priority,
          Conditions,
          Actions: [
            { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody: body } },
          ],
        }),
      );
    const header = { HttpHeaderName: 'X-Canary', Values: ['yes*'] };
    fixed(1, 'header', [{ Field: 'http-header', HttpHeaderConfig: header }]);
    fixed(2, 'host and path', [
      { Field: 'host-header', Values: ['*.example.com'] },
      { Field: 'path-pattern', Values: ['/img/??.png'] },
    ]);
    fixed(3, 'method', [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['DELETE'] } }]);
    fixed(4, 'query', [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'v', Value: '2' }] } }]);
    fixed(5, 'address', [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.1.0.0/16'] } }]);
    const ask = (request: Parameters<typeof aws.world.request>[1]) => {
      const answer = aws.world.request({ loadBalancer: 'shop', port: 80 }, request);
      return answer.revision ?? answer.body;
    };
    expect(ask({ path: '/', headers: { 'x-canary': 'YES please' } })).toBe('header');
    expect(ask({ path: '/img/ab.png', host: 'WWW.example.com:80' })).toBe('host and path');
    expect(ask({ path: '/img/ab.png', host: 'example.org' })).toBe('web:1');
    expect(ask({ path: '/img/abc.png', host: 'www.example.com' })).toBe('web:1');
    expect(ask({ path: '/', method: 'DELETE' })).toBe('method');
    expect(ask({ path: '/?a=1&v=2' })).toBe('query');
    expect(ask({ path: '/', sourceIp: '10.1.2.3' })).toBe('address');
    expect(ask({ path: '/', sourceIp: '10.2.2.3' })).toBe('web:1');
    expect(() => aws.world.request({ loadBalancer: 'shop', port: 81 }, { path: '/' })).toThrow(
      'The load balancer shop has no listener on port 81',
    );
  });

  it('are answered over HTTP as well', async () => {
    const aws = shop({ behaviours: { 'app:v1': { errorRate: 1 } } });
    const plane = await listenDataPlane(aws.world, { loadBalancer: 'shop', port: 80 }, aws.clock.now);
    const before = aws.world.users.total().requests;
    const answer = await fetch(`${plane.url}/api/cart?x=1`);
    expect({ status: answer.status, revision: answer.headers.get('x-revision') }).toEqual({
      status: 500,
      revision: 'web:1',
    });
    expect(await answer.json()).toMatchObject({ path: '/api/cart?x=1' });
    expect(aws.world.users.total().requests).toBe(before + 1);
    await plane.close();
  });
});

describe('target groups', () => {
  it('are created once for the same settings', () => {
    const aws = shop();
    expect(group(aws, 'canary')).toBe(group(aws, 'canary'));
    expect(aws.refusal(new CreateTargetGroupCommand({ Name: 'canary', Port: 1 }))).toBe(
      "DuplicateTargetGroupName: A target group with the same name 'canary' exists, but with different settings",
    );
    const named = (Name: string) => aws.refusal(new CreateTargetGroupCommand({ Name }));
    expect(named('x'.repeat(33))).toMatch(/^ValidationError: .*cannot be longer than '32' characters/);
    expect(named('my_group')).toMatch(/^ValidationError: .*alphanumeric/);
    expect(named('-x')).toMatch(/^ValidationError: .*cannot begin or end with/);
    expect(
      aws.refusal(
        new CreateTargetGroupCommand({
          Name: 'q',
          HealthCheckIntervalSeconds: 5,
          HealthCheckTimeoutSeconds: 5,
        }),
      ),
    ).toMatch(/interval must be greater than the timeout/);
  });

  it('belong to the load balancers whose rules name them, whatever the weight', () => {
    const aws = shop();
    const canary = group(aws, 'canary');
    const used = () =>
      aws.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [canary] })).TargetGroups?.[0]
        ?.LoadBalancerArns;
    expect(used()).toEqual([]);
    const rule = addRule(aws, 20, aws.targetGroup());
    const Actions = forward({ TargetGroups: [to(aws.targetGroup(), 100), to(canary, 0)] });
    aws.send(new ModifyRuleCommand({ RuleArn: rule, Actions }));
    expect(used()).toHaveLength(1);
    const remove = new DeleteTargetGroupCommand({ TargetGroupArn: canary });
    expect(aws.refusal(remove)).toBe(
      `ResourceInUse: Target group '${canary}' is currently in use by a listener or a rule`,
    );
    aws.send(new DeleteRuleCommand({ RuleArn: rule }));
    aws.send(remove);
    aws.send(remove);
    expect(aws.refusal(new DescribeTargetGroupsCommand({ TargetGroupArns: [canary] }))).toMatch(
      /^TargetGroupNotFound/,
    );
  });

  it('are paged and found by name or load balancer', () => {
    const aws = shop();
    for (let i = 0; i < 5; i++) group(aws, `group-${i}`);
    const first = aws.send(new DescribeTargetGroupsCommand({ PageSize: 4 }));
    const rest = aws.send(new DescribeTargetGroupsCommand({ PageSize: 4, Marker: first.NextMarker }));
    expect([first.TargetGroups?.length, rest.TargetGroups?.length, rest.NextMarker]).toEqual([
      4,
      2,
      undefined,
    ]);
    expect(aws.refusal(new DescribeTargetGroupsCommand({ Names: ['none'] }))).toMatch(/^TargetGroupNotFound/);
    const { LoadBalancers = [] } = aws.send(new DescribeLoadBalancersCommand({ Names: ['shop'] }));
    const LoadBalancerArn = LoadBalancers[0]?.LoadBalancerArn;
    expect(aws.send(new DescribeTargetGroupsCommand({ LoadBalancerArn })).TargetGroups).toHaveLength(1);
    expect(aws.refusal(new DescribeLoadBalancersCommand({ Names: ['x'] }))).toBe(
      "LoadBalancerNotFound: Load balancers '[x]' not found",
    );
  });

  it('have attributes and settings that can change within bounds', () => {
    const aws = shop();
    const TargetGroupArn = aws.targetGroup();
    const set = (Key: string, Value: string) =>
      new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key, Value }] });
    aws.send(set('slow_start.duration_seconds', '30'));
    const { Attributes = [] } = aws.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    const attributes = Object.fromEntries(Attributes.map(({ Key = '', Value }) => [Key, Value]));
    expect(attributes).toMatchObject({
      'slow_start.duration_seconds': '30',
      'deregistration_delay.timeout_seconds': '30',
      'load_balancing.algorithm.type': 'round_robin',
    });
    expect(aws.refusal(set('deregistration_delay.timeout_seconds', '3601'))).toMatch(/^ValidationError/);
    expect(aws.refusal(set('colour', 'red'))).toMatch(/'colour' is not recognized/);
    aws.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPath: '/ready' }));
    const { TargetGroups = [] } = aws.send(new DescribeTargetGroupsCommand({ Names: ['web'] }));
    expect(TargetGroups[0]?.HealthCheckPath).toBe('/ready');
  });
});

describe('target health', () => {
  /** A second service behind its own group, which a rule names with weight 0. */
  const withCanary = (options: WebShopOptions = {}) => {
    const aws = shop(options);
    const canary = group(aws, 'canary');
    const rule = addRule(aws, 20, aws.targetGroup());
    const Actions = forward({ TargetGroups: [to(aws.targetGroup(), 100), to(canary, 0)] });
    aws.send(new ModifyRuleCommand({ RuleArn: rule, Actions }));
    aws.send(
      new CreateServiceCommand({
        cluster: 'prod',
        serviceName: 'web-canary',
        taskDefinition: 'web:2',
        desiredCount: 1,
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        loadBalancers: [{ targetGroupArn: canary, containerName: 'web', containerPort: 8080 }],
      }),
    );
    return { aws, canary, rule };
  };
  const first = (aws: World) => aws.health('canary')[0]?.TargetHealth;

  it('is initial until the checks have passed often enough', () => {
    const { aws } = withCanary();
    aws.until(() => aws.health('canary').length === 1);
    expect(first(aws)).toMatchObject({ State: 'initial', Reason: 'Elb.RegistrationInProgress' });
    const took = aws.until(() => first(aws)?.State === 'healthy');
    // 3 checks, 10 s apart.
    expect(took).toBeGreaterThanOrEqual(29);
    expect(took).toBeLessThanOrEqual(41);
    expect(first(aws)).toEqual({ State: 'healthy' });
  });

  it('says why a target is unhealthy', () => {
    const reasons = ([{ kind: 'status', code: 500 }, { kind: 'timeout' }, { kind: 'refused' }] as const).map(
      (healthCheck) => {
        const { aws } = withCanary({ behaviours: { 'app:v2': { healthCheck } } });
        aws.until(() => aws.inState('unhealthy', 'canary') === 1);
        const unwell = aws.health('canary').find(({ TargetHealth }) => TargetHealth?.State === 'unhealthy');
        return `${unwell?.TargetHealth?.Reason}: ${unwell?.TargetHealth?.Description}`;
      },
    );
    expect(reasons).toEqual([
      'Target.ResponseCodeMismatch: Health checks failed with these codes: [500]',
      'Target.Timeout: Request timed out',
      'Target.FailedHealthChecks: Health checks failed',
    ]);
  });

  it('is gone at once from a group that no rule names, which the nodes may not know yet', () => {
    const propagation = { min: 2_000, max: 2_000 };
    const { aws, canary, rule } = withCanary({ rate: 100, override: { ...PROMPT, propagation } });
    const give = (Weight: number) =>
      aws.send(
        new ModifyRuleCommand({
          RuleArn: rule,
          Conditions: path('/*'),
          Actions: forward({
            TargetGroups: Weight === 0 ? [to(aws.targetGroup(), 1)] : [to(canary, Weight)],
          }),
        }),
      );
    aws.until(() => first(aws)?.State === 'healthy');
    give(1);
    aws.pass(60);
    const since = () => aws.world.users.total({ from: aws.clock.now() - 1, revision: '' });
    expect(aws.world.users.total({ revision: '' }).errors).toBe(0);
    give(0);
    expect(first(aws)).toMatchObject({ State: 'unused' });
    const left = aws.clock.now();
    aws.send(new DeleteServiceCommand({ cluster: 'prod', service: 'web-canary', force: true }));
    aws.pass(1);
    expect(aws.health('canary')).toEqual([]);
    aws.pass(9);
    const { errors } = aws.world.users.total({ from: left, revision: '' });
    // 100 requests a second at the default rule go on to the canary's group for two seconds.
    expect(errors).toBeGreaterThan(100);
    expect(errors).toBeLessThan(400);
    aws.pass(10);
    expect(since().errors).toBe(0);
  });

  it('stays as it is for as long as the nodes act by a rule that names the group', () => {
    const propagation = { min: 25_000, max: 25_000 };
    // Two tasks that stand 140 requests a second together, and not one by one.
    const { aws, canary, rule } = withCanary({ tasks: 2, rate: 140, override: { ...PROMPT, propagation } });
    const give = (arn: string) =>
      aws.send(
        new ModifyRuleCommand({
          RuleArn: rule,
          Conditions: path('/*'),
          Actions: forward({ TargetGroups: [to(arn, 1)] }),
        }),
      );
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web-canary', desiredCount: 2 }));
    aws.until(() => aws.inState('healthy', 'canary') === 2);
    give(canary);
    aws.pass(60);
    give(aws.targetGroup());
    aws.pass(24);
    expect(first(aws)).toMatchObject({ State: 'unused' });
    expect(aws.world.users.total({ revision: 'web:2' }).requests).toBeGreaterThan(40 * 140);
    expect(aws.world.users.total().errors).toBe(0);
    aws.pass(12);
    give(canary);
    expect(first(aws)?.State).toBe('initial');
  });

  it('hurts nobody when the canary is deleted after the nodes have heard', () => {
    const propagation = { min: 2_000, max: 2_000 };
    const { aws, rule } = withCanary({ rate: 100, override: { ...PROMPT, propagation } });
    aws.until(() => first(aws)?.State === 'healthy');
    aws.send(
      new ModifyRuleCommand({
        RuleArn: rule,
        Actions: forward({ TargetGroups: [to(aws.targetGroup(), 1)] }),
      }),
    );
    aws.pass(3);
    aws.send(new DeleteServiceCommand({ cluster: 'prod', service: 'web-canary', force: true }));
    aws.pass(60);
    expect(aws.world.users.total({ revision: '' }).errors).toBe(0);
  });

  it('is unused when no rule names the group, and not registered for strangers', () => {
    const { aws, canary, rule } = withCanary();
    aws.until(() => aws.inState('healthy', 'canary') === 1);
    aws.send(new DeleteRuleCommand({ RuleArn: rule }));
    expect(first(aws)).toMatchObject({ State: 'unused', Reason: 'Target.NotInUse' });
    const stranger = aws.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: canary, Targets: [{ Id: '10.9.9.9', Port: 1 }] }),
    );
    expect(stranger.TargetHealthDescriptions?.[0]?.TargetHealth).toMatchObject({
      State: 'unused',
      Reason: 'Target.NotRegistered',
    });
    aws.pass(30);
    addRule(aws, 30, canary);
    aws.pass(1);
    expect(first(aws)?.State).toBe('initial');
    aws.until(() => aws.inState('healthy', 'canary') === 1, 60);
  });

  it('drains for the deregistration delay, and gets no requests meanwhile', () => {
    const aws = shop({ deregistrationDelay: 60_000, tasks: 2 });
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', desiredCount: 1 }));
    aws.until(() => aws.inState('draining') === 1);
    expect(
      aws.health().find(({ TargetHealth }) => TargetHealth?.State === 'draining')?.TargetHealth,
    ).toMatchObject({
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    });
    expect(aws.until(() => aws.health().length === 1)).toBe(60);
    expect(aws.world.users.total().errors).toBe(0);
  });

  it('follows targets that a user registers', () => {
    const aws = shop();
    const TargetGroupArn = aws.targetGroup();
    const Targets = [{ Id: '10.7.7.7', Port: 80 }];
    aws.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
    expect(aws.health()).toHaveLength(5);
    aws.until(() => aws.inState('unhealthy') === 1);
    aws.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }));
    aws.pass(31);
    expect(aws.health()).toHaveLength(4);
    expect(aws.refusal(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: 'i-123' }] }))).toMatch(
      /^InvalidTarget/,
    );
  });
});

describe('listeners', () => {
  it('are created, paged and deleted', () => {
    const aws = shop();
    const LoadBalancerArn = aws.listeners()[0]?.LoadBalancerArn;
    const create = (Port: number) =>
      new CreateListenerCommand({
        LoadBalancerArn,
        Port,
        Protocol: 'HTTPS',
        Certificates: [{ CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/c' }],
        DefaultActions: [{ Type: 'forward', TargetGroupArn: aws.targetGroup() }],
      });
    const { Listeners = [] } = aws.send(create(443));
    expect(Listeners[0]).toMatchObject({ Protocol: 'HTTPS', Port: 443, Certificates: [expect.anything()] });
    expect(aws.refusal(create(443))).toMatch(/^DuplicateListener/);
    const page = aws.send(new DescribeListenersCommand({ LoadBalancerArn, PageSize: 1 }));
    expect(page.Listeners).toHaveLength(1);
    const rest = aws.send(new DescribeListenersCommand({ LoadBalancerArn, Marker: page.NextMarker }));
    expect(rest.Listeners?.[0]?.Port).toBe(443);
    aws.send(new DeleteListenerCommand({ ListenerArn: Listeners[0]?.ListenerArn }));
    expect(aws.listeners()).toHaveLength(1);
  });
});

describe('tags', () => {
  it('are kept on groups, rules, listeners and load balancers, 20 of them a call', () => {
    const aws = shop();
    const rule = aws.rules()[0]?.RuleArn ?? '';
    const listener = aws.listeners()[0];
    const arns = [aws.targetGroup(), rule, listener?.ListenerArn ?? '', listener?.LoadBalancerArn ?? ''];
    aws.send(new AddTagsCommand({ ResourceArns: arns, Tags: [{ Key: 'rollout', Value: 'r1' }] }));
    const tags = () =>
      aws
        .send(new DescribeTagsCommand({ ResourceArns: arns }))
        .TagDescriptions?.map(({ Tags = [] }) => Tags.length);
    expect(tags()).toEqual([1, 1, 1, 1]);
    aws.send(new RemoveTagsCommand({ ResourceArns: [rule], TagKeys: ['rollout', 'none'] }));
    expect(tags()).toEqual([1, 0, 1, 1]);
    const many = Array.from({ length: 21 }, () => rule);
    expect(aws.refusal(new DescribeTagsCommand({ ResourceArns: many }))).toMatch(
      /^ValidationError: .*at most 20/,
    );
    expect(aws.refusal(new DescribeTagsCommand({ ResourceArns: [`${rule}0`] }))).toMatch(/^RuleNotFound/);
  });
});
