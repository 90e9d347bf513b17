import { describe, expect, test } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import type { StepResult } from './start-action.ts';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from './world.ts';

/** The errors of a step as a reader of the log sees them. */
const errors = ({ log }: StepResult): string[] =>
  [...log.matchAll(/^::error::(.*)$/gm)].map(([, text]) =>
    (text ?? '').replaceAll('%0A', '\n').replaceAll('%25', '%'),
  );

/** The step failed by the user's mistake, and nothing was touched. */
function expectRefused(world: TestWorld, step: StepResult, ...said: (string | RegExp)[]): void {
  expect(step.code).toBe(1);
  const found = errors(step);
  for (const text of said) {
    const matches = found.some((error) =>
      typeof text === 'string' ? error.includes(text) : text.test(error),
    );
    expect(matches, `${text} in\n${found.join('\n')}`).toBe(true);
  }
  expect(found.join('\n')).not.toMatch(/undefined|defect|\n\s+at /);
  expect(world.changes).toEqual([]);
}

const definition = (containers: readonly object[]): string =>
  JSON.stringify({
    family: 'web',
    cpu: '256',
    memory: '512',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    executionRoleArn: 'arn:aws:iam::123456789012:role/ecsTaskExecutionRole',
    containerDefinitions: containers,
  });

const WEB = { name: 'web', image: 'app:v2', essential: true, portMappings: [{ containerPort: 8080 }] };

describe.concurrent('inputs', () => {
  test('that are wrong are all named at once, with the value and the fix, before any call', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({
        cluster: '',
        service: ' ',
        'task-definition': '',
        strategy: 'canery',
        steps: '50% fr 5m\n20% for 5m\n10% for 5m\n120% for 5m\n5% for 5',
        gates: 'error-rate < 1\nlatency-p95 < 300\nspeed > 3\ncrashes = 0 abort > 2\nmetric orders > 3',
        'min-requests': 'many',
        'on-no-evidence': 'wait',
        'on-stable-failing': 'ignore',
        bake: 'until-sure',
        'max-hold': '5',
        'after-hold': 'hold',
        stickiness: 'sometimes',
        'pre-traffic-url': 'shop/health',
        'pre-traffic-header': 'no spaces',
        capacity: 'half',
        'metric-delay': '2 minutes',
        'healthy-timeout': '-1m',
        'dry-run': 'yes',
      });
      expectRefused(
        world,
        step,
        'cluster: is required and was not given; for example cluster: production',
        'service: is required',
        'task-definition: is required',
        'strategy: "canery" is not one of canary, blue-green, linear, all-at-once',
        'steps line 1: "50% fr 5m" is not a step; write a share and how long it bakes: 5% for 15m',
        'steps line 3: "10% for 5m" does not rise above the 20% of the step before it',
        'steps line 4: "120% for 5m" gives 120%',
        /steps line 5: .*"5".* is not a duration/,
        /gates line 1: .*"1" needs a percent sign/,
        /gates line 2: .*"300" is not a duration/,
        /gates line 3: .*there is no measure "speed"; there are error-rate/,
        /gates line 4: .*leave out the abort/,
        /gates line 5: .*the metric orders is not defined/,
        'min-requests: "many" is not a whole number',
        'on-no-evidence: "wait" is not one of auto, hold, roll-back, proceed',
        'on-stable-failing: "ignore" is not one of hold, proceed',
        'bake: "until-sure": write until-confident (min 3m, max 15m), or leave it out',
        'max-hold: "5" is not a duration',
        'after-hold: "hold" is not one of roll-back, proceed',
        'stickiness: "sometimes"',
        'pre-traffic-url: "shop/health" is not a URL; write https://HOST/PATH',
        'pre-traffic-header: "no spaces"',
        'capacity: "half" is neither auto, full, nor the number of tasks',
        'metric-delay: "2 minutes" is not a duration',
        'healthy-timeout: "-1m" is not a duration',
        'dry-run: "yes" is not a boolean; write true or false',
      );
      expect(world.calls).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('of a config file are read, those of the step win, and unknown keys are named with the nearest', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file(
        'good.yml',
        'cluster: nowhere\nsteps:\n  - 20% for 2m\n  - 50% for 2m\ngates: [crashes = 0]\n',
      );
      world.allow(20, 50);
      const step = await world.release({ config: 'good.yml' }, job);
      expect(step.log).toContain('step:           20% for 2m');
      expect(step.log).toContain('gate:           crashes = 0');
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file(
        'bad.yml',
        'stepz: 5% for 5m\nclustr: x\nmetrics:\n  7up: { namespace: A }\n  orders: { metric: B, dimension: {} }\n',
      );
      expectRefused(
        world,
        await world.release({ config: 'bad.yml' }, job),
        'stepz',
        'did you mean steps?',
        'did you mean cluster?',
      );
      job.file(
        'worse.yml',
        'metrics:\n  7up: { namespace: A }\n  orders: { metric: B, dimension: {} }\n  none: { expression: "" }\n',
      );
      expectRefused(
        world,
        await world.release({ config: 'worse.yml' }, job),
        'worse.yml: metrics.7up',
        'worse.yml: metrics.orders.namespace: is missing',
        'worse.yml: metrics.orders.dimension: is not known',
        'worse.yml: metrics.none',
      );
      expectRefused(
        world,
        await world.release({ config: 'absent.yml' }, job),
        'config: absent.yml does not exist',
      );
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('what is not there is said to be missing:', () => {
  for (const [what, inputs, said] of [
    ['a cluster', { cluster: 'prd' }, 'cluster: there is no cluster "prd" in this account and region'],
    ['a service', { service: 'wbe' }, 'service: there is no active service "wbe" in the cluster "prod"'],
    [
      'a service of that name in another account',
      { service: 'arn:aws:ecs:eu-west-1:210987654321:service/prod/web' },
      'cluster: the cluster "prod" is in another account than the credentials of this job, by the ARN of cluster or service',
    ],
    ['a revision', { 'task-definition': 'web:9' }, 'task-definition: there is no task definition "web:9"'],
    [
      'a file',
      { 'task-definition': 'task.json' },
      /"task.json" is neither a file in .*, nor FAMILY:REVISION/,
    ],
  ] as const) {
    test(what, async () => {
      await inWorld({}, async (world) => {
        expectRefused(world, await world.release(inputs), said);
        return TAKEN_BACK;
      });
    });
  }

  test('the container and the port that the load balancer needs', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file('other.json', definition([{ ...WEB, name: 'api' }]));
      job.file('port.json', definition([{ ...WEB, portMappings: [{ containerPort: 80 }] }]));
      const file = (name: string) => world.release({ 'task-definition': name }, job);
      expectRefused(world, await file('other.json'), 'has no container "web"', 'it has api');
      expectRefused(world, await file('port.json'), 'the container "web" has no port mapping for 8080');
      return TAKEN_BACK;
    });
  });

  test('a revision that was deregistered', async () => {
    await inWorld({}, async (world) => {
      await world.ask('ECS', 'DeregisterTaskDefinition', { taskDefinition: 'web:2' });
      await world.prepared();
      expectRefused(world, await world.release(), 'the task definition "web:2" was deregistered');
      return TAKEN_BACK;
    });
  });
});

/** A second service of the cluster that looks like web but for what is given. */
async function addService(world: TestWorld, settings: object): Promise<void> {
  await world.ask('ECS', 'CreateService', {
    cluster: 'prod',
    serviceName: 'api',
    taskDefinition: 'web:1',
    desiredCount: 1,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d'] } },
    ...settings,
  });
  // A new service has a deployment of its own until its task runs.
  await world.clock.sleep(300_000);
  await world.prepared();
}

describe.concurrent('a service that cannot be released in steps is refused with the way out:', () => {
  test('one without a load balancer', async () => {
    await inWorld({}, async (world) => {
      await addService(world, {});
      expectRefused(
        world,
        await world.release({ service: 'api' }),
        'the service "api" has no load balancer, so there is no traffic to shift in steps; this suite releases services behind an Application Load Balancer',
      );
      return TAKEN_BACK;
    });
  });

  test('one that CodeDeploy deploys', async () => {
    await inWorld({}, async (world) => {
      await addService(world, { deploymentController: { type: 'CODE_DEPLOY' } });
      expectRefused(
        world,
        await world.release({ service: 'api' }),
        'is deployed by CODE_DEPLOY; a canary needs the deployment controller ECS',
      );
      return TAKEN_BACK;
    });
  });

  test('one behind a network load balancer', async () => {
    await inWorld({}, async (world) => {
      const elb = <Output>(operation: string, input: object) =>
        world.ask<Output>('Elastic Load Balancing v2', operation, input);
      const created = await elb<{ TargetGroups: { TargetGroupArn: string }[] }>('CreateTargetGroup', {
        Name: 'api',
        Protocol: 'TCP',
        Port: 8080,
        TargetType: 'ip',
        VpcId: 'vpc-0a1b2c3d',
      });
      const targetGroupArn = created.TargetGroups[0]?.TargetGroupArn;
      // The simulator has no network load balancer; what counts is the protocol of the service's target group.
      await elb('CreateRule', {
        ListenerArn: (world.before.listeners[0] as { ListenerArn: string }).ListenerArn,
        Priority: 99,
        Conditions: [{ Field: 'path-pattern', Values: ['/tcp'] }],
        Actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
      });
      await addService(world, {
        loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 8080 }],
      });
      expectRefused(
        world,
        await world.release({ service: 'api' }),
        'the target group "api" of the service "api" speaks TCP, and only an Application Load Balancer',
      );
      return TAKEN_BACK;
    });
  });

  test('one that is scaled to 0', async () => {
    await inWorld({ tasks: 0, rate: 0 }, async (world) => {
      expectRefused(
        world,
        await world.release(),
        'is scaled to 0, so there is no traffic to shift; scale it up first',
      );
      return TAKEN_BACK;
    });
  });

  test('one that no listener rule leads to', async () => {
    const base = webShop({ images: ['app:v1', 'app:v2'] });
    const [group] = base.targetGroups;
    const scenario = {
      ...base,
      targetGroups: [...base.targetGroups, { ...group, name: 'idle' }],
      loadBalancers: [
        {
          name: 'shop',
          listeners: [
            {
              port: 80,
              forward: [
                { targetGroup: 'idle', weight: 1 },
                { targetGroup: 'web', weight: 0 },
              ],
            },
          ],
        },
      ],
      traffic: [],
    };
    await inWorld({ scenario }, async (world) => {
      expectRefused(world, await world.release(), 'no listener rule sends traffic to the service "web"');
      return TAKEN_BACK;
    });
  });

  test('one in the middle of a deployment of its own', async () => {
    // Its tasks never come up.
    await inWorld({ behaviours: { 'app:v3': { startup: 86_400_000 } } }, async (world) => {
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:3' });
      await world.prepared();
      const step = await world.release();
      expectRefused(world, step, /the service web is in the middle of a deployment \(web:3, web:1\)/);
      expectRefused(world, step, 'Nothing was changed.');
      return { runs: 'web:3' };
    });
  });

  test('one whose rule has no room for a canary', async () => {
    const base = webShop({ images: ['app:v1', 'app:v2'] });
    const names = ['b', 'c', 'd', 'e'];
    const forward = ['web', ...names].map((targetGroup, index) => ({
      targetGroup,
      weight: index === 0 ? 1 : 0,
    }));
    const scenario = {
      ...base,
      targetGroups: [...base.targetGroups, ...names.map((name) => ({ name, port: 8080 }))],
      loadBalancers: [{ name: 'shop', listeners: [{ port: 80, forward }] }],
      traffic: [],
    };
    await inWorld({ scenario }, async (world) => {
      expectRefused(world, await world.release(), 'forwards to 5 target groups and AWS allows 5');
      return TAKEN_BACK;
    });
  });

  test('one whose weights are too coarse for a step', async () => {
    const base = webShop({ images: ['app:v1', 'app:v2'] });
    const scenario = {
      ...base,
      targetGroups: [...base.targetGroups, { name: 'other', port: 8080 }],
      loadBalancers: [
        {
          name: 'shop',
          listeners: [
            {
              port: 80,
              forward: [
                { targetGroup: 'other', weight: 900 },
                { targetGroup: 'web', weight: 3 },
              ],
            },
          ],
        },
      ],
      traffic: [],
    };
    await inWorld({ scenario }, async (world) => {
      expectRefused(world, await world.release({ steps: '5% for 5m' }), 'are too coarse for 5%');
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('nothing changes', () => {
  test('in a dry run, which says what it would do', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({ 'dry-run': 'true', steps: '10% for 5m\n50% for 5m' });
      expect(step.code).toBe(0);
      expect(step.log).toContain('step:           10% for 5m');
      expect(step.log).toContain('Dry run: nothing was changed.');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('when the service runs the revision already', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({ 'task-definition': 'web:1' });
      expect(step.code).toBe(0);
      expect(step.log).toContain('The service already runs web:1: there is nothing to release.');
      expect(step.outputs['outcome']).toBe('promoted');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('when a permission is missing, which is named', async () => {
    const faults = [{ kind: 'access-denied', operation: 'DescribeRules' }] as const;
    await inWorld({ faults }, async (world) => {
      const step = await world.release();
      expectRefused(world, step, 'AWS does not allow elasticloadbalancing:DescribeRules');
      expect(world.calls.filter(({ operation }) => operation === 'DescribeRules').length).toBeLessThan(3);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a file', () => {
  test('that is what the service runs is not registered, whatever its family has had since', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      const rendered = await job.run('render-task-definition', { 'task-definition-family': 'web:1' });
      const step = await world.release({ 'task-definition': rendered.outputs['task-definition'] ?? '' }, job);
      expect(step.log).toContain('The service already runs web:1');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('as task definition is registered once and released', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file('task.json', definition([{ ...WEB, image: 'app:v9' }]));
      const step = await world.release({ 'task-definition': 'task.json' }, job);
      expect(step.outputs['outcome']).toBe('promoted');
      expect(step.outputs['task-definition-arn']).toMatch(/task-definition\/web:4$/);
      expect(world.changes.filter((name) => name === 'RegisterTaskDefinition')).toHaveLength(1);
      const again = await world.release({ 'task-definition': 'task.json' }, job);
      expect(again.log).toContain('The service already runs web:4');
      expect(world.changes.filter((name) => name === 'RegisterTaskDefinition')).toHaveLength(1);
      return { runs: 'web:4' };
    });
  });

  test('as task definition is registered once even when the answer is lost', async () => {
    const faults = [{ kind: 'lost-answer', operation: 'RegisterTaskDefinition', nth: 1 }] as const;
    await inWorld({ faults }, async (world) => {
      const job = world.job();
      job.file('task.json', definition([{ ...WEB, image: 'app:v9' }]));
      const step = await world.release({ 'task-definition': 'task.json' }, job);
      expect(step.outputs['outcome']).toBe('promoted');
      return { runs: 'web:4' };
    });
  });
});
