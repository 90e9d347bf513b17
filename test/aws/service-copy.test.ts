import type { Service } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { copyOf } from '../../src/aws/services.ts';
import type { EcsService, ServiceCopy } from '../../src/ports.ts';
import { soundService } from '../engine/sound-service.ts';

const GROUP = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1';
const CANARY_GROUP = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/canary-web/2';

const model = (tags: Record<string, string> = {}): EcsService =>
  soundService({
    desired: 4,
    running: 4,
    loadBalancers: [8080, 9090].map((containerPort) => ({
      targetGroupArn: GROUP,
      containerName: 'web',
      containerPort,
    })),
    tags,
  });

const copied = (source: Service, tags: Record<string, string> = {}) => {
  const own = { 'deploy-actions:rolloutId': 'r-1' };
  const copy: ServiceCopy = {
    name: 'web-canary',
    taskDefinition: 'web:2',
    tasks: 1,
    targetGroups: new Map([[GROUP, CANARY_GROUP]]),
    tags: { ...tags, ...own },
    token: 'r-1',
  };
  return copyOf(source, model(tags), copy);
};

const SPREAD = { type: 'spread', field: 'attribute:ecs.availability-zone' } as const;
const PACKED = { type: 'binpack', field: 'memory' } as const;

describe('the copy of a service', () => {
  it('has no tags of AWS, at most 50, and ours among them', () => {
    const tags = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`team-${n}`, `${n}`]));
    const made = copied({}, { 'aws:cloudformation:stack-name': 'shop', 'AWS:x': 'y', ...tags }).tags ?? [];
    expect(made).toHaveLength(50);
    expect(made).toContainEqual({ key: 'deploy-actions:rolloutId', value: 'r-1' });
    expect(made.filter(({ key }) => /^aws:/i.test(key ?? ''))).toEqual([]);
  });

  it('has an entry for each container and port on a shared target group', () => {
    expect(copied({}).loadBalancers).toEqual([
      { targetGroupArn: CANARY_GROUP, containerName: 'web', containerPort: 8080 },
      { targetGroupArn: CANARY_GROUP, containerName: 'web', containerPort: 9090 },
    ]);
  });

  it.each<[string, Service, object]>([
    ['Fargate', { launchType: 'FARGATE' }, { launchType: 'FARGATE', platformVersion: '1.4.0' }],
    [
      'Fargate Spot',
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] },
      {
        capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
        platformVersion: '1.4.0',
      },
    ],
    ['EC2', { launchType: 'EC2' }, { launchType: 'EC2', placementStrategy: [SPREAD, PACKED] }],
    [
      'EC2 by a capacity provider, whatever launch type is told beside it',
      { launchType: 'EC2', capacityProviderStrategy: [{ capacityProvider: 'spot', weight: 1 }] },
      {
        capacityProviderStrategy: [{ capacityProvider: 'spot', weight: 1 }],
        placementStrategy: [SPREAD, PACKED],
      },
    ],
  ])('takes what is for %s alone', (_, compute, expected) => {
    const { launchType, capacityProviderStrategy, platformVersion, placementStrategy } = copied({
      ...compute,
      platformVersion: '1.4.0',
      placementStrategy: [SPREAD, PACKED],
      placementConstraints: [],
    });
    const found = { launchType, capacityProviderStrategy, platformVersion, placementStrategy };
    expect(JSON.parse(JSON.stringify(found))).toEqual(expected);
  });

  it('is balanced over zones only where the service is, and can be', () => {
    const balancing = (source: Service) => copied(source).availabilityZoneRebalancing;
    expect(balancing({})).toBe('DISABLED');
    expect(balancing({ availabilityZoneRebalancing: 'DISABLED' })).toBe('DISABLED');
    expect(balancing({ availabilityZoneRebalancing: 'ENABLED' })).toBe('ENABLED');
    expect(balancing({ availabilityZoneRebalancing: 'ENABLED', placementStrategy: [SPREAD] })).toBe(
      'ENABLED',
    );
    expect(balancing({ availabilityZoneRebalancing: 'ENABLED', placementStrategy: [PACKED] })).toBe(
      'DISABLED',
    );
  });

  it('is found by nobody past the load balancer, and keeps its volumes', () => {
    const volumeConfigurations = [{ name: 'data', managedEBSVolume: { roleArn: 'arn:aws:iam::1:role/ebs' } }];
    const made = copied({
      serviceRegistries: [{ registryArn: 'arn:aws:servicediscovery:eu-west-1:1:service/srv-1' }],
      deploymentConfiguration: { alarms: { alarmNames: ['x'], enable: true, rollback: true } },
      deployments: [
        {
          status: 'PRIMARY',
          serviceConnectConfiguration: {
            enabled: true,
            namespace: 'shop',
            services: [{ portName: 'http', clientAliases: [{ port: 80 }] }],
          },
          volumeConfigurations,
        },
      ],
    });
    expect(made.serviceRegistries).toBeUndefined();
    expect(made.serviceConnectConfiguration).toEqual({ enabled: true, namespace: 'shop' });
    expect(made.volumeConfigurations).toEqual(volumeConfigurations);
    expect(made.deploymentConfiguration?.alarms).toBeUndefined();
  });
});
