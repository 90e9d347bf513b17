import { describe, expect, it } from 'vitest';
import { placementOf } from '../../../src/actions/migrate/prepare.ts';
import type { TaskPlacement } from '../../../src/ports.ts';
import type { TaskDefinition } from '../../../src/taskdef/definition.ts';

const NETWORK = { subnets: ['subnet-1'], securityGroups: ['sg-1'], publicIp: true };
const FARGATE: TaskPlacement = { launchType: 'FARGATE', platformVersion: '1.4.0', network: NETWORK };
const EC2: TaskPlacement = {
  capacityProviders: [{ name: 'instances', weight: 1, base: 0 }],
  constraints: [{ type: 'distinctInstance' }],
  strategy: [{ type: 'spread', field: 'host' }],
  network: { ...NETWORK, publicIp: false },
};

const beside = (placement: TaskPlacement) => ({
  cluster: 'prod',
  service: 'web',
  taskDefinition: 'x',
  placement,
});
const definition = (networkMode: string): TaskDefinition => ({
  family: 'web',
  networkMode,
  containerDefinitions: [],
});
const AWSVPC = definition('awsvpc');

describe('the place of a task', () => {
  it('is that of the service', () => {
    expect(placementOf({}, beside(FARGATE), AWSVPC)).toEqual(FARGATE);
    expect(placementOf({}, beside(EC2), AWSVPC)).toEqual(EC2);
  });

  it('keeps nothing of Fargate on other capacity', () => {
    expect(placementOf({ launchType: 'EC2' }, beside(FARGATE), AWSVPC)).toEqual({
      launchType: 'EC2',
      network: { ...NETWORK, publicIp: false },
    });
  });

  it('keeps nothing of instances on Fargate', () => {
    const capacityProviders = [{ name: 'FARGATE', weight: 1, base: 0 }];
    expect(placementOf({ capacityProviders }, beside(EC2), AWSVPC)).toEqual({
      capacityProviders,
      network: { ...NETWORK, publicIp: false },
    });
  });

  it('has no network of the service where the task definition takes none', () => {
    expect(placementOf({}, beside(EC2), definition('bridge'))).not.toHaveProperty('network');
    expect(() => placementOf({}, undefined, AWSVPC)).toThrow(/^subnets: is required/);
  });
});
