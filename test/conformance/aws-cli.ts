import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { awsCli } from '../slow/tools.ts';

/** The AWS command line, without the half a second that it takes to start. */
export interface AwsCli {
  /** Where `aws` is, for PATH. */
  readonly path: string;
  stop(): void;
}

/** What connects with the loaded command line: it passes its streams and arguments on, and ends as the command did. */
const programOf = (python: string, socket: string) => `#!${python} -SE
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(${JSON.stringify(socket)})
socket.send_fds(connection, [json.dumps(sys.argv[1:]).encode()], [0, 1, 2])
sys.exit(int(connection.recv(16) or b"70"))
`;

/** @param env what the command line sees of the environment, in every command */
export async function startAwsCli(env: Readonly<Record<string, string>>): Promise<AwsCli> {
  const python = join(dirname(await awsCli()), 'python');
  const path = mkdtempSync(join(tmpdir(), 'deploy-actions-aws-'));
  const socket = join(path, 'socket');
  writeFileSync(join(path, 'aws'), programOf(python, socket), { mode: 0o755 });
  const program = [python, join(import.meta.dirname, 'aws-cli.py'), socket];
  const server = spawn('setpriv', ['--pdeathsig', 'TERM', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...env },
  });
  const ended = once(server, 'exit').then(() => {
    throw new Error('the AWS command line did not start');
  });
  await Promise.race([once(server.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return {
    path,
    stop() {
      server.kill();
      rmSync(path, { recursive: true });
    },
  };
}
