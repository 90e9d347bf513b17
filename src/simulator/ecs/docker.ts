import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../clock.ts';
import {
  beforeTheEnd,
  cannotStart,
  exitCode,
  type LiveContainer,
  listen,
  type ProcessEnd,
  type ProcessListener,
  spawnGroup,
} from './process-group.ts';
import type { Launch } from './programs.ts';

/** The time between two tries to reach a container that does not exist yet, in real ms. */
const AGAIN = 200;
/** What docker itself says, which is no output of the container. */
const OF_DOCKER = /^(docker: |Unable to find image )/;

/** Runs a container by a Docker Engine, through `docker run`: its exit code is the container's. */
export function startDocker(launch: Launch, listener: ProcessListener): LiveContainer {
  const name = `simulated-${randomUUID()}`;
  const env = environmentOf(launch);
  const child = spawnGroup('docker', argumentsOf(launch, name), { env });
  let complaint = '';
  listen(child, {
    ended: listener.ended,
    output: (from, chunk) => {
      if (from === 'stderr' && OF_DOCKER.test(chunk.toString())) complaint += chunk.toString();
      else listener.output(from, chunk);
    },
  });
  let over = false;
  const forget = beforeTheEnd(() => void spawnSync('docker', ['kill', name], { env, stdio: 'ignore' }));
  const gone = new Promise<void>((settle) => {
    const end = (how: ProcessEnd): void => {
      if (over) return;
      over = true;
      forget();
      listener.ended(how);
      settle();
    };
    child.once('error', (error) => end({ kind: 'refused', reason: cannotStart(`docker: ${error.message}`) }));
    child.once('close', (code, signal) => end(endOf(code, signal, complaint)));
  });
  const tell = (signal: string): void => {
    if (over) return;
    const teller = spawn('docker', ['kill', '--signal', signal, name], { env, stdio: 'ignore' });
    // An error is told by `close` too.
    teller.once('error', () => undefined);
    teller.once('close', async (code) => {
      if (code === 0 || over) return;
      await systemClock.sleep(AGAIN);
      tell(signal);
    });
  };
  return { began: child.pid !== undefined, terminate: () => tell('TERM'), kill: () => tell('KILL'), gone };
}

const argumentsOf = (launch: Launch, name: string): string[] => {
  const [entryPoint, ...words] = launch.entryPoint;
  return [
    ...['run', '--rm', '--name', name, '--network', 'host'],
    ...(launch.directory === undefined ? [] : ['--workdir', launch.directory]),
    ...(entryPoint === undefined ? [] : ['--entrypoint', entryPoint]),
    ...Object.entries(launch.environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    launch.image,
    ...words,
    ...launch.command,
  ];
};

/** What docker itself needs to know. */
const environmentOf = ({ engine }: Launch): Record<string, string> => ({
  ...Object.fromEntries(
    ['PATH', 'HOME'].flatMap((key) => {
      const value = process.env[key];
      return value === undefined ? [] : [[key, value]];
    }),
  ),
  ...(engine === undefined ? {} : { DOCKER_HOST: engine }),
});

/** From 125 on docker may speak for itself: https://docs.docker.com/engine/containers/run/#exit-status */
function endOf(code: number | null, signal: NodeJS.Signals | null, complaint: string): ProcessEnd {
  if (complaint === '' || code === null || code < 125 || code > 127) {
    return { kind: 'exited', code: exitCode(code, signal) };
  }
  const said = /Error response from daemon: (.*)/.exec(complaint)?.[1] ?? complaint.trim();
  const missing = complaint.includes('Unable to find image');
  return {
    kind: 'refused',
    reason: `${missing ? 'CannotPullContainerError' : 'CannotStartContainerError'}: ${said}`,
  };
}
