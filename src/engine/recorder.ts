import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Clock } from '../clock.ts';
import type { AwsCall } from '../ports.ts';
import type { RolloutRecord } from '../report/record.ts';
import type { Decision, Observation, Outcome, Rollout } from '../rollout/controller.ts';

/** Keeps everything that a rollout saw, decided and called, and writes it to a file that outlives the process. */
export class Recorder {
  readonly #clock: Clock;
  readonly #path: string;
  readonly #record: RolloutRecord;

  constructor(
    clock: Clock,
    path: string,
    head: { rolloutId: string; service: string; cluster: string; rollout: Rollout },
  ) {
    this.#clock = clock;
    this.#path = path;
    this.#record = { version: 1, ...head, startedAt: clock.now(), entries: [] };
  }

  get record(): RolloutRecord {
    return this.#record;
  }

  get path(): string {
    return this.#path;
  }

  observed(observation: Observation): void {
    this.#record.entries.push({ at: observation.now, kind: 'observation', observation });
  }

  decided({ phase, action, findings }: Decision): void {
    this.#record.entries.push({ at: this.#clock.now(), kind: 'decision', phase, action, findings });
  }

  called(call: AwsCall): void {
    this.#record.entries.push({ kind: 'call', ...call });
  }

  failed(doing: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#record.entries.push({ at: this.#clock.now(), kind: 'error', doing, message });
  }

  end(outcome: Outcome, reason: string): void {
    Object.assign(this.#record, { endedAt: this.#clock.now(), outcome, reason });
  }

  /** Writes the record so that a reader never sees half of it. */
  save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const draft = `${this.#path}.part`;
    writeFileSync(draft, `${JSON.stringify(this.#record, undefined, 1)}\n`);
    renameSync(draft, this.#path);
  }
}
