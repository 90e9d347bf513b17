import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildxPlugin } from '../tools.ts';

export interface Buildx {
  /** For `DOCKER_CONFIG`: a directory with `cli-plugins/docker-buildx` and nothing else. */
  readonly config: string;
  /** The plugin itself; `buildx version` and the like work without a docker client. */
  readonly program: string;
  /** Removes the directory. */
  stop(): void;
}

/** The buildx plugin as a docker client finds it. The first call on a machine builds it: two minutes, with Go. */
export async function buildx(): Promise<Buildx> {
  const program = await buildxPlugin();
  const config = mkdtempSync(join(tmpdir(), 'deploy-actions-buildx-'));
  mkdirSync(join(config, 'cli-plugins'));
  symlinkSync(program, join(config, 'cli-plugins/docker-buildx'));
  return { config, program, stop: () => rmSync(config, { recursive: true, force: true }) };
}
