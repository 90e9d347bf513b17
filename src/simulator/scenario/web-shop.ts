import type { Scenario, ScenarioBehaviour, ScenarioTaskDefinition } from './scenario.ts';

/** What may be different in a `webShop`; times in ms. */
export interface WebShopOptions {
  /** Images of the revisions web:1, web:2, …; the first one runs. */
  readonly images?: readonly string[];
  readonly tasks?: number;
  /** Requests per second at the default rule; a fifth of it at the path rule `/api/*`. */
  readonly rate?: number;
  readonly behaviours?: Readonly<Record<string, ScenarioBehaviour>>;
  readonly deregistrationDelay?: number;
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  readonly circuitBreaker?: { readonly rollback: boolean };
  readonly gracePeriod?: number;
  readonly stickiness?: number;
  /** Anything of the scenario itself. */
  readonly override?: Partial<Scenario>;
}

const revision = (image: string): ScenarioTaskDefinition => ({
  family: 'web',
  cpu: '256',
  memory: '512',
  containers: [
    {
      name: 'web',
      image,
      portMappings: [{ containerPort: 8080 }],
      environment: [{ name: 'NODE_ENV', value: 'production' }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          'awslogs-group': '/ecs/web',
          'awslogs-region': 'us-east-1',
          'awslogs-stream-prefix': 'web',
        },
      },
    },
  ],
});

/**
 * The usual world: the service `web` in the cluster `prod` runs `app:v1` in 4 tasks behind the load balancer
 * `shop`, whose HTTP listener forwards to the target group `web` by its default rule and by a rule for `/api/*`.
 */
export function webShop(options: WebShopOptions = {}): Scenario {
  const { images = ['app:v1'], rate = 20, tasks = 4 } = options;
  const forward = [{ targetGroup: 'web', weight: 1 }];
  const sticky = options.stickiness === undefined ? {} : { stickiness: options.stickiness };
  const user = { loadBalancer: 'shop', port: 80, returning: 0.7, session: 600_000 };
  return {
    name: 'web shop',
    history: 3_600_000,
    consistencyLag: { min: 0, max: 800 },
    slowOver: 1_000,
    clusters: ['prod'],
    loadBalancers: [
      {
        name: 'shop',
        listeners: [
          {
            port: 80,
            protocol: 'HTTP',
            forward,
            ...sticky,
            rules: [{ priority: 10, path: ['/api/*'], forward, ...sticky }],
          },
        ],
      },
    ],
    targetGroups: [
      {
        name: 'web',
        port: 8080,
        healthCheck: {
          path: '/health',
          interval: 10_000,
          timeout: 5_000,
          healthyThreshold: 3,
          unhealthyThreshold: 2,
          codes: '200-299',
        },
        deregistrationDelay: options.deregistrationDelay ?? 30_000,
      },
    ],
    taskDefinitions: images.map(revision),
    services: [
      {
        name: 'web',
        cluster: 'prod',
        taskDefinition: 'web:1',
        desiredCount: tasks,
        targetGroups: [{ name: 'web', container: 'web', port: 8080 }],
        minimumHealthyPercent: options.minimumHealthyPercent ?? 100,
        maximumPercent: options.maximumPercent ?? 200,
        ...(options.circuitBreaker ? { circuitBreaker: options.circuitBreaker } : {}),
        ...(options.gracePeriod === undefined ? {} : { gracePeriod: options.gracePeriod }),
      },
    ],
    scalableTargets: [],
    alarms: [],
    traffic: [
      { ...user, path: '/', rate: { perSecond: rate } },
      { ...user, path: '/api/cart', rate: { perSecond: rate / 5 } },
    ],
    behaviours: options.behaviours ?? {},
    ...options.override,
  };
}
