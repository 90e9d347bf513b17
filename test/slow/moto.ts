import { execFileSync, spawn } from 'node:child_process';
import { freePort } from './docker/daemon.ts';
import { pythonWithMoto } from './tools.ts';

/** An emulator of AWS that others have written: https://docs.getmoto.org. */
export interface Moto {
  readonly url: string;
  /** Runs a Python program that has boto3; its first argument is the URL. */
  python(program: string, ...args: readonly string[]): string;
  stop(): void;
}

/** Starts moto, and points the SDK of this process at it. */
export async function startMoto(): Promise<Moto> {
  const python = await pythonWithMoto();
  const port = await freePort();
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((settle, refuse) => {
    server.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Running on')) settle();
    });
    server.on('exit', () => refuse(new Error('moto did not start')));
  });
  const url = `http://127.0.0.1:${port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
  return {
    url,
    python: (program, ...args) => execFileSync(python, ['-c', program, url, ...args], { encoding: 'utf8' }),
    stop: () => void server.kill(),
  };
}
