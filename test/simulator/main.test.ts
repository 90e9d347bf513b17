import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, expect, test } from 'vitest';
import { readSimulatorArguments } from '../../src/simulator/command-line.ts';

const MAIN = join(import.meta.dirname, '../../src/simulator/main.ts');
const EXAMPLES = join(import.meta.dirname, '../../src/simulator/scenario/examples');

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function startSimulator(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let out = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | null>((settle) => child.on('close', settle));
  return {
    child,
    ended,
    says: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((settle, refuse) => {
        const look = () => {
          const match = pattern.exec(out);
          if (match) settle(match);
        };
        listeners.add(look);
        look();
        void ended.then(() => refuse(new Error(`the simulator ended without saying ${pattern}:\n${out}`)));
      }),
  };
}

const runningRevision = async (endpoint: string, service: string): Promise<string | undefined> => {
  const client = new ECSClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { services } = await client.send(
    new DescribeServicesCommand({ cluster: 'prod', services: [service] }),
  );
  client.destroy();
  return services?.[0]?.taskDefinition?.split('/').at(-1);
};

test('starts the web shop, says how it is reached, logs calls, and ends on Ctrl-C', async () => {
  const simulator = startSimulator('--scale', '60');
  const [, endpoint = ''] = await simulator.says(/export AWS_ENDPOINT_URL=(http:\/\/127\.0\.0\.1:\d+)\n/);
  await simulator.says(/export AWS_ACCESS_KEY_ID=\w+\n/);
  await simulator.says(/export DEPLOY_ACTIONS_CLOCK='\d+ \d+ 60'\n/);
  const [, door = ''] = await simulator.says(/Load balancer shop:80 answers at (\S+)\n/);

  expect(await runningRevision(endpoint, 'web')).toBe('web:1');
  const response = await fetch(door);
  expect(response.headers.get('x-revision')).toBe('web:1');
  await response.body?.cancel();
  await simulator.says(/#1 {2}ECS\.DescribeServices {2}ok .*"services":\["web"\]/);

  simulator.child.kill('SIGINT');
  await simulator.says(/^1 calls were answered\.$/m);
  expect(await simulator.ended).toBe(0);
});

test('begins with the scenario of a file', async () => {
  const simulator = startSimulator(join(EXAMPLES, 'busy-day.yaml'), '--quiet');
  const [, endpoint = ''] = await simulator.says(/export AWS_ENDPOINT_URL=(\S+)\n/);

  expect(await runningRevision(endpoint, 'shop')).toBe('shop:2');
});

test('refuses a missing scenario with a sentence', async () => {
  const { code, err } = await new Promise<{ code: number | null; err: string }>((settle) => {
    const child = execFile(process.execPath, [MAIN, 'missing.yaml'], (_, __, stderr) =>
      settle({ code: child.exitCode, err: stderr }),
    );
  });

  expect(err).toBe('missing.yaml: the scenario cannot be read\n');
  expect(code).toBe(2);
});

test.each([
  { given: ['--port', 'x'], says: '--port: "x" is no port' },
  { given: ['--port=70000'], says: '--port: "70000" is no port' },
  { given: ['--scale', '0'], says: '--scale: "0" is no number above 0' },
  { given: ['--bogus'], says: "Unknown option '--bogus'" },
  { given: ['one.yaml', 'two.yaml'], says: 'two.yaml: one scenario is all' },
])('refuses $given', ({ given, says }) => {
  expect(() => readSimulatorArguments(given)).toThrow(says);
});

test('takes the port 4566 and real time when nothing is said', () => {
  expect(readSimulatorArguments([])).toEqual({ port: 4566, scale: 1, quiet: false, help: false });
});
