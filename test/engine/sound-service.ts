import type { EcsService, ServiceDeployment } from '../../src/ports.ts';

const REVISION = 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1';

/** The deployment of a service on which all went well. */
export const soundDeployment = (changes: Partial<ServiceDeployment> = {}): ServiceDeployment => ({
  id: 'ecs-svc/1',
  primary: true,
  taskDefinition: REVISION,
  state: 'completed',
  reason: '',
  createdAt: 0,
  ...changes,
});

/** `web` in `prod`, which runs two tasks as it should. */
export const soundService = (changes: Partial<EcsService> = {}): EcsService => ({
  arn: 'arn:aws:ecs:eu-west-1:123456789012:service/prod/web',
  name: 'web',
  cluster: 'prod',
  status: 'ACTIVE',
  desired: 2,
  running: 2,
  taskDefinition: REVISION,
  loadBalancers: [],
  controller: 'ECS',
  strategy: 'ROLLING',
  scheduling: 'REPLICA',
  deployments: [soundDeployment()],
  events: [],
  tags: {},
  ...changes,
});
