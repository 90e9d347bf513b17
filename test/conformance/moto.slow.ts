import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../../src/aws/images.ts';
import { metrics } from '../../src/aws/metrics.ts';
import { repositories } from '../../src/aws/repositories.ts';
import { assumeRole } from '../../src/aws/roles.ts';
import { scaling } from '../../src/aws/scaling.ts';
import { services } from '../../src/aws/services.ts';
import { taskDefinitions } from '../../src/aws/task-definitions.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { systemClock } from '../../src/clock.ts';
import { type Moto, startMoto } from '../slow/moto.ts';

/** What the adapters send, judged by an emulator that others have written. */

const connection = { clock: systemClock };
let moto: Moto;
let account: { loadBalancer: string; listener: string; targetGroup: string; other: string; rule: string };

const SETUP = `
import boto3, json, sys
make = lambda name: boto3.client(name, region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
ec2, elb, ecs, scaler, watch = map(make, ['ec2', 'elbv2', 'ecs', 'application-autoscaling', 'cloudwatch'])
vpc = ec2.describe_vpcs()['Vpcs'][0]['VpcId']
subnets = [s['SubnetId'] for s in ec2.describe_subnets()['Subnets']][:2]
group_id = ec2.describe_security_groups()['SecurityGroups'][0]['GroupId']
lb = elb.create_load_balancer(Name='shop', Subnets=subnets)['LoadBalancers'][0]['LoadBalancerArn']
group = lambda name: elb.create_target_group(Name=name, Protocol='HTTP', Port=8080, VpcId=vpc, TargetType='ip', HealthCheckPath='/health')['TargetGroups'][0]['TargetGroupArn']
web, other = group('web'), group('other')
elb.modify_target_group_attributes(TargetGroupArn=web, Attributes=[{'Key': 'deregistration_delay.timeout_seconds', 'Value': '45'}])
forward = [{'Type': 'forward', 'ForwardConfig': {'TargetGroups': [{'TargetGroupArn': web, 'Weight': 3}, {'TargetGroupArn': other, 'Weight': 1}], 'TargetGroupStickinessConfig': {'Enabled': True, 'DurationSeconds': 600}}}]
listener = elb.create_listener(LoadBalancerArn=lb, Protocol='HTTP', Port=80, DefaultActions=[{'Type': 'forward', 'TargetGroupArn': web}])['Listeners'][0]['ListenerArn']
rule = elb.create_rule(ListenerArn=listener, Priority=10, Conditions=[{'Field': 'path-pattern', 'Values': ['/api/*']}], Actions=forward)['Rules'][0]['RuleArn']
ecs.create_cluster(clusterName='prod')
ecs.register_task_definition(family='web', networkMode='awsvpc', requiresCompatibilities=['FARGATE'], cpu='256', memory='512', containerDefinitions=[{'name': 'web', 'image': 'app:v1', 'portMappings': [{'containerPort': 8080}]}])
ecs.create_service(cluster='prod', serviceName='web', taskDefinition='web:1', desiredCount=2, launchType='FARGATE', networkConfiguration={'awsvpcConfiguration': {'subnets': subnets, 'securityGroups': [group_id]}}, loadBalancers=[{'targetGroupArn': web, 'containerName': 'web', 'containerPort': 8080}])
scaler.register_scalable_target(ServiceNamespace='ecs', ResourceId='service/prod/web', ScalableDimension='ecs:service:DesiredCount', MinCapacity=2, MaxCapacity=10)
watch.put_metric_alarm(AlarmName='errors', Namespace='AWS/ApplicationELB', MetricName='HTTPCode_Target_5XX_Count', Statistic='Sum', Period=300, EvaluationPeriods=1, Threshold=10, ComparisonOperator='GreaterThanThreshold')
print(json.dumps({'loadBalancer': lb, 'listener': listener, 'targetGroup': web, 'other': other, 'rule': rule}))
`;

const IMAGE = `
import boto3, json, sys
ecr = boto3.client('ecr', region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
config = {'mediaType': 'application/vnd.oci.image.config.v1+json', 'size': 2, 'digest': 'sha256:' + '4' * 64}
manifest = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config, 'layers': []}
made = ecr.put_image(repositoryName='shop', imageManifest=json.dumps(manifest), imageTag='1.2.3')
print(made['image']['imageId']['imageDigest'])
`;

beforeAll(async () => {
  moto = await startMoto();
  account = JSON.parse(moto.python(SETUP));
});

afterAll(() => moto.stop());

describe('moto agrees with', () => {
  it('weights, stickiness, conditions and tags of listener rules', async () => {
    const elb = traffic(connection);
    const [stable] = await elb.targetGroups([account.targetGroup]);
    if (!stable) throw new Error('no target group');
    // moto names a load balancer once for every rule.
    expect(new Set(stable.loadBalancerArns)).toEqual(new Set([account.loadBalancer]));
    expect(await elb.targetGroupsByName(['canary-web-00000000'])).toEqual([]);

    const canary = await elb.createLike(stable, 'canary-web-00000000', {
      'deploy-actions:phase': 'preparing',
    });
    expect((await elb.tags([canary.arn])).get(canary.arn)).toEqual({ 'deploy-actions:phase': 'preparing' });
    await elb.tag([canary.arn], { 'deploy-actions:phase': 'stepping' });
    expect((await elb.tags([canary.arn])).get(canary.arn)).toEqual({ 'deploy-actions:phase': 'stepping' });

    const before = await elb.routes([account.loadBalancer]);
    expect(before).toHaveLength(2);
    const rule = before.find(({ isDefault }) => !isDefault);
    const fallback = before.find(({ isDefault }) => isDefault);
    if (!rule || !fallback) throw new Error('no routes');
    expect(rule).toMatchObject({
      priority: 10,
      stickinessSeconds: 600,
      groups: [
        { arn: account.targetGroup, weight: 3 },
        { arn: account.other, weight: 1 },
      ],
    });

    const split = [
      { arn: account.targetGroup, weight: 57 },
      { arn: account.other, weight: 20 },
      { arn: canary.arn, weight: 3 },
    ];
    await elb.write(rule, split, undefined);
    await elb.write(
      fallback,
      [
        { arn: account.targetGroup, weight: 19 },
        { arn: canary.arn, weight: 1 },
      ],
      undefined,
    );
    const during = await elb.reread(before);
    expect(during.find(({ ruleArn }) => ruleArn === rule.ruleArn)).toMatchObject({
      groups: split,
      stickinessSeconds: undefined,
    });

    for (const route of before) await elb.write(route, route.groups, route.stickinessSeconds);
    expect(await elb.routes([account.loadBalancer])).toEqual(before);

    await elb.createHeaderRule({
      listenerArn: account.listener,
      header: 'X-Canary',
      value: 'r1',
      targetGroupArn: canary.arn,
      priority: 1,
      tags: { 'deploy-actions:rolloutId': 'r1' },
    });
    const header = (await elb.routes([account.loadBalancer])).find(({ priority }) => priority === 1);
    if (!header) throw new Error('no header rule');
    await elb.deleteRule(header.ruleArn);
    await elb.untag([canary.arn], ['deploy-actions:phase']);
    expect((await elb.tags([canary.arn])).get(canary.arn)).toEqual({});
    await elb.deleteTargetGroup(canary.arn);
    await elb.deleteTargetGroup(canary.arn);
    expect(await elb.routes([account.loadBalancer])).toEqual(before);
  });

  it('task definitions: registered once, found by every reference, listed', async () => {
    const ecs = taskDefinitions(connection);
    const first = await ecs.find('web:1');
    if (!first) throw new Error('no task definition');
    const changed = {
      ...first.definition,
      containerDefinitions: first.definition.containerDefinitions.map((container) => ({
        ...container,
        image: 'app:v2',
      })),
    };
    const second = await ecs.register(changed);
    expect(second).toMatchObject({ family: 'web', revision: 2, created: true });
    expect(await ecs.register(changed)).toMatchObject({ revision: 2, created: false });
    expect((await ecs.find('web'))?.revision).toBe(2);
    expect((await ecs.find(first.arn))?.revision).toBe(1);
    expect(await ecs.find('web:9')).toBeUndefined();
    const revisions: number[] = [];
    for await (const { revision } of ecs.list('web')) revisions.push(revision);
    // moto does not sort.
    expect(revisions.toSorted()).toEqual([1, 2]);
  });

  it('a canary service like the stable one, changed and deleted', async () => {
    const ecs = services(connection);
    const elb = traffic(connection);
    const [stable, none] = await ecs.describe('prod', ['web', 'web-canary']);
    if (!stable) throw new Error('no service');
    expect(none).toBeUndefined();
    expect(stable).toMatchObject({ cluster: 'prod', desired: 2, strategy: 'ROLLING', controller: 'ECS' });
    const [group] = await elb.targetGroups([account.targetGroup]);
    if (!group) throw new Error('no target group');
    const canary = await elb.createLike(group, 'canary-web-11111111', {});
    await ecs.createLike(stable, {
      name: 'web-canary',
      taskDefinition: stable.taskDefinition,
      tasks: 1,
      targetGroups: new Map([[group.arn, canary.arn]]),
      tags: { 'deploy-actions:rolloutId': 'r1' },
      token: 'r1',
    });
    const [made] = await ecs.describe('prod', ['web-canary']);
    expect(made).toMatchObject({
      desired: 1,
      loadBalancers: [{ targetGroupArn: canary.arn, containerPort: 8080 }],
    });
    if (!made) throw new Error('no canary');
    await ecs.update(made, { tasks: 3 });
    expect((await ecs.describe('prod', ['web-canary']))[0]?.desired).toBe(3);
    await ecs.delete('prod', 'web-canary');
    await ecs.delete('prod', 'web-canary');
    await elb.deleteTargetGroup(canary.arn);
  });

  it('scale-in that is held and given back', async () => {
    const scaler = scaling(connection);
    const before = await scaler.find('prod', 'web');
    if (!before) throw new Error('there is no scaler');
    expect(before.suspended).toMatchObject({ scaleIn: false });
    await scaler.set('prod', 'web', { suspended: { ...before.suspended, scaleIn: true } });
    expect((await scaler.find('prod', 'web'))?.suspended).toMatchObject({ scaleIn: true });
    await scaler.set('prod', 'web', { suspended: before.suspended });
    expect(await scaler.find('prod', 'web')).toEqual(before);
    expect(await scaler.schedule('prod', 'web')).toEqual([]);
    expect(await scaler.find('prod', 'other')).toBeUndefined();
  });

  it('alarms by name', async () => {
    const found = await metrics(connection).alarms(['errors', 'none']);
    expect(found.map(({ name }) => name)).toEqual(['errors']);
  });

  it('a repository that is made once, its policy, its login and its image by tag', async () => {
    const ecr = repositories(connection);
    expect(await ecr.find('shop')).toBeUndefined();
    const lifecyclePolicy = JSON.stringify({
      rules: [
        {
          rulePriority: 1,
          selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 5 },
          action: { type: 'expire' },
        },
      ],
    });
    const made = await ecr.create('shop', { immutableTags: true, scanOnPush: true, lifecyclePolicy });
    expect(made).toMatchObject({
      name: 'shop',
      scanOnPush: true,
      mutability: { immutable: true, except: [] },
    });
    expect(await ecr.create('shop', { immutableTags: false, scanOnPush: false })).toEqual(made);
    expect(await ecr.find('shop')).toEqual(made);
    const login = await ecr.login();
    expect(login.username).toBe('AWS');
    expect(login.endpoint).toContain('.dkr.ecr.eu-west-1.amazonaws.com');
    // moto's tokens have all expired on the same day.
    expect(login.expiresAt).toBe(Date.UTC(2015, 0, 1));

    const digest = moto.python(IMAGE).trim();
    expect(await images(connection).digestOf(`${made.uri}:1.2.3`, '1.2.3')).toBe(digest);
    expect(await images(connection).digestOf(made.uri, '9.9.9')).toBeUndefined();
    expect(await ecr.scan(made, digest)).toMatchObject({ kind: 'none' });
    await ecr.startScan(made, digest);
    expect(await ecr.scan(made, digest)).toMatchObject({ kind: 'done' });
  });

  it('a role that is taken on', async () => {
    const credentials = await assumeRole(
      connection,
      'arn:aws:iam::444455556666:role/push',
      'deploy-actions-1',
    );
    expect(Object.values(credentials).every((value) => value !== '')).toBe(true);
  });
});
