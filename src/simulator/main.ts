import { styleText } from 'node:util';
import { scaledClock, systemClock } from '../clock.ts';
import { ConfigError } from '../errors.ts';
import { callLine } from './call-line.ts';
import { readSimulatorArguments, USAGE } from './command-line.ts';
import { type DataPlane, listenDataPlane } from './elbv2/data-plane.ts';
import { loadScenario } from './scenario/read-scenario.ts';
import type { Scenario } from './scenario/scenario.ts';
import { webShop } from './scenario/web-shop.ts';
import { startSimulator } from './server.ts';
import { createWorld, type SimulatedWorld } from './world/world.ts';

const SEED = 1;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { scenario: file, port, scale, quiet, help } = readSimulatorArguments(process.argv.slice(2));
  if (help) {
    print(USAGE);
    return;
  }
  const scenario = file === undefined ? webShop({ images: ['app:v1', 'app:v2'] }) : loadScenario(file);
  const now = systemClock.now();
  const real = scale === 1 && scenario.start === undefined;
  const clock = real ? systemClock : scaledClock(now, scenario.start ?? now, scale);
  const simulator = await startSimulator({
    clock,
    seed: SEED,
    port,
    world: (context) => createWorld(context, scenario),
    ...(scenario.repositories && { registry: true }),
    ...(!quiet && { onCall: (call) => print(callLine(call)) }),
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EADDRINUSE') throw cause;
    const message = `port ${port} is taken; name another one, or 0 for any that is free`;
    throw new ConfigError({ input: '--port', message }, { cause });
  });
  const doors = await openDoors(simulator.world, scenario, () => clock.now());

  const registry = scenario.repositories && (await simulator.registry()).url;

  for (const line of introduce(scenario, simulator.env(), doors, registry)) print(line);

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.all([simulator.close(), ...doors.map(({ plane }) => plane.close())]).then(() => {
        for (const bug of simulator.bugs) process.stderr.write(`the simulator itself went wrong: ${bug}\n`);
        print(`${simulator.calls.length} calls were answered.`);
        process.exit();
      });
    });
  }
}

interface OpenDoor {
  readonly name: string;
  readonly plane: DataPlane;
}

/** Every listener of every load balancer, each on a free port. */
const openDoors = (world: SimulatedWorld, scenario: Scenario, now: () => number): Promise<OpenDoor[]> =>
  Promise.all(
    scenario.loadBalancers.flatMap(({ name, listeners }) =>
      listeners.map(async ({ port }) => ({
        name: `${name}:${port}`,
        plane: await listenDataPlane(world, { loadBalancer: name, port }, now),
      })),
    ),
  );

function introduce(
  scenario: Scenario,
  env: Readonly<Record<string, string>>,
  doors: readonly OpenDoor[],
  registry: string | undefined,
): string[] {
  const first = scenario.services[0];
  return [
    `${styleText('bold', scenario.name)}: ${scenario.services.map(describeService).join('; ')}`,
    '',
    'The AWS CLI, the SDKs and the actions find it by this environment:',
    '',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    '',
    ...(first === undefined
      ? []
      : [
          'For example:',
          '',
          `aws ecs describe-services --cluster ${first.cluster} --services ${first.name}`,
          '',
        ]),
    ...doors.map(({ name, plane }) => `Load balancer ${name} answers at ${plane.url}`),
    ...(registry === undefined ? [] : [`The container registry answers at ${registry}`]),
    'Ctrl-C ends it.',
    '',
  ];
}

const describeService = ({
  name,
  cluster,
  taskDefinition,
  desiredCount,
}: Scenario['services'][number]): string =>
  `service ${name} in cluster ${cluster} runs ${taskDefinition} in ${desiredCount} tasks`;

/** As a POSIX shell takes it. */
const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
