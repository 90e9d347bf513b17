import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Job, RunningStep, StepResult } from '../../src/runner/start-action.ts';
import { openWorld, type TestWorld, type WorldOptions } from '../bundle/world.ts';

export interface MigrationWorldOptions extends WorldOptions {
  /** Variables of every container, as its secrets would give them. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The web shop, in which tasks of RunTask run as processes of this machine in a directory of their own. */
export class MigrationWorld {
  readonly world: TestWorld;
  /** Where the containers run. */
  readonly directory: string;

  constructor(world: TestWorld, directory: string) {
    this.world = world;
    this.directory = directory;
  }

  /** Writes a script into the image. */
  script(name: string, text: string): string {
    writeFileSync(join(this.directory, name), text);
    return name;
  }

  /** What the containers have written into a file; empty when there is none. */
  read(name: string): string {
    try {
      return readFileSync(join(this.directory, name), 'utf8');
    } catch {
      return '';
    }
  }

  remove(name: string): void {
    rmSync(join(this.directory, name));
  }

  start(inputs: Readonly<Record<string, string>>, job: Job = this.world.job()): RunningStep {
    return job.start('migrate', { cluster: 'prod', service: 'web', ...inputs });
  }

  migrate(inputs: Readonly<Record<string, string>>, job?: Job): Promise<StepResult> {
    return this.start(inputs, job).done;
  }

  calls(operation: string) {
    return this.world.calls.filter((call) => call.operation === operation);
  }

  /** What the lock's parameter says now. */
  async lock(name = 'prod/web'): Promise<Record<string, unknown>> {
    const answer = await this.world.ask<{ Parameter?: { Value?: string } }>('SSM', 'GetParameter', {
      Name: `/deploy-actions/migrations/${name}`,
    });
    return JSON.parse(answer.Parameter?.Value ?? '{}') as Record<string, unknown>;
  }
}

/** Plays a scenario; the simulator must have made no mistake of its own. */
export async function inMigrations(
  options: MigrationWorldOptions,
  play: (world: MigrationWorld) => Promise<void>,
): Promise<void> {
  const { environment = {}, override, ...rest } = options;
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-image-'));
  const program = { directory, environment };
  const world = await openWorld({
    scale: 30,
    rate: 0,
    ...rest,
    override: { programs: { 'app:v1': program, 'app:v2': program, 'app:v3': program }, ...override },
  });
  try {
    await play(new MigrationWorld(world, directory));
    expect(world.simulator.bugs).toEqual([]);
  } finally {
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
