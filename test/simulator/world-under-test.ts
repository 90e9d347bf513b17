import type { DescribeServicesCommandOutput, Service } from '@aws-sdk/client-ecs';
import { DescribeServicesCommand, DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError, type SimulatorContext } from '../../src/simulator/operation.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { faultsOf } from '../../src/simulator/wire/check.ts';
import { serviceModels } from '../../src/simulator/wire/services.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { movedClock } from './moved-clock.ts';

/** A command of an SDK client, as far as a test needs it. */
interface SdkCommand {
  readonly input: object;
}

type OutputOf<Command> = Command extends {
  resolveMiddleware(...args: never[]): (args: never) => Promise<{ output: infer Output }>;
}
  ? Omit<Output, '$metadata'>
  : never;

/** One sample that reached CloudWatch. */
export type Sample = Parameters<SimulatorContext['metrics']['add']>[0];

/** What `world.services` does with a command, its input and answer checked against the SDK's schemas. */
function perform(world: SimulatedWorld, now: number, command: SdkCommand): unknown {
  const name = command.constructor.name.replace(/Command$/, '');
  const model = serviceModels.find(({ operations }) => operations.has(name));
  const schemas = model?.operations.get(name);
  const operation = world.services[model?.id ?? '']?.[name];
  if (!schemas || !operation) throw new Error(`${name} is not simulated`);
  const refused = faultsOf(schemas.input, command.input);
  if (refused.length > 0) throw new Error(`the test sends a wrong ${name}: ${refused.join('; ')}`);
  const answer = operation(structuredClone(command.input) as never, {
    now,
    region: 'eu-west-1',
    accountId: '123456789012',
  });
  const faults = faultsOf(schemas.output, answer);
  if (faults.length > 0) throw new Error(`${name} answers what AWS does not: ${faults.join('; ')}`);
  return answer;
}

/** A world with a clock that only the test moves, and shortcuts to look at it. */
export function open(
  scenario: Scenario,
  options: { seed?: number; alarmState?: SimulatorContext['alarmState'] } = {},
) {
  const clock = movedClock();
  const samples: Sample[] = [];
  const world = createWorld(
    {
      clock,
      metrics: { add: (sample) => samples.push(sample) },
      region: 'eu-west-1',
      accountId: '123456789012',
      random: seededRandom(options.seed ?? 1),
      ...(options.alarmState ? { alarmState: options.alarmState } : {}),
    },
    scenario,
  );

  const send = <Command extends SdkCommand>(command: Command): OutputOf<Command> =>
    perform(world, clock.now(), command) as OutputOf<Command>;

  const service = (name = 'web'): Service => {
    const answer: Omit<DescribeServicesCommandOutput, '$metadata'> = send(
      new DescribeServicesCommand({ cluster: 'prod', services: [name] }),
    );
    const found = answer.services?.[0];
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  };

  const targetGroup = (name = 'web'): string => {
    const { TargetGroups = [] } = send(new DescribeTargetGroupsCommand({ Names: [name] }));
    return TargetGroups[0]?.TargetGroupArn ?? '';
  };

  const listeners = () => {
    const { LoadBalancers = [] } = send(new DescribeLoadBalancersCommand({}));
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
    return send(new DescribeListenersCommand({ LoadBalancerArn: arn })).Listeners ?? [];
  };

  return {
    world,
    clock,
    samples,
    send,
    service,
    targetGroup,
    listeners,

    /** Lets `seconds` pass. */
    pass(seconds: number): void {
      clock.move(seconds * 1000);
      world.advance(clock.now());
    },

    /** Lets time pass, a second at a time, until `ready` holds; gives how many seconds that took. */
    until(ready: () => boolean, limit = 1_800): number {
      for (let seconds = 0; seconds <= limit; seconds++) {
        if (ready()) return seconds;
        clock.move(1_000);
        world.advance(clock.now());
      }
      throw new Error(`it did not happen within ${limit} s`);
    },

    /** The service's events, oldest first. */
    events: (name = 'web'): string[] =>
      (service(name).events ?? []).map(({ message }) => message ?? '').reverse(),

    tasks(desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING') {
      const { taskArns = [] } = send(new ListTasksCommand({ cluster: 'prod', desiredStatus }));
      if (taskArns.length === 0) return [];
      return send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns })).tasks ?? [];
    },

    listener: (): string => listeners()[0]?.ListenerArn ?? '',

    rules() {
      const { Rules = [] } = send(
        new DescribeRulesCommand({ ListenerArn: listeners()[0]?.ListenerArn ?? '' }),
      );
      return Rules;
    },

    health(name = 'web') {
      const { TargetHealthDescriptions = [] } = send(
        new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup(name) }),
      );
      return TargetHealthDescriptions;
    },

    /** How many targets of the group are in the state. */
    inState(state: string, name = 'web'): number {
      return this.health(name).filter(({ TargetHealth }) => TargetHealth?.State === state).length;
    },

    /** The error that a command is refused with. */
    refusal(command: SdkCommand): string {
      try {
        send(command);
      } catch (error) {
        if (error instanceof AwsError) return `${error.name}: ${error.message}`;
        throw error;
      }
      throw new Error('the call was expected to be refused');
    },

    /** Sum of a metric's samples from a time on. */
    sum(name: string, where: Readonly<Record<string, string>> = {}, from = 0): number {
      return samples
        .filter((sample) => sample.name === name && sample.at >= from)
        .filter(({ dimensions }) =>
          Object.entries(where).every(([key, value]) =>
            value === '' ? dimensions[key] === undefined : dimensions[key]?.includes(value),
          ),
        )
        .reduce((sum, { value, count = 1 }) => sum + value * count, 0);
    },
  };
}

/** No lag and no past: for tests that look at neither. */
export const PROMPT: Partial<Scenario> = {
  history: 0,
  consistencyLag: { min: 0, max: 0 },
  propagation: { min: 0, max: 0 },
};
