import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Clock } from '../clock.ts';
import type { AwsCall } from '../ports.ts';
import type { RolloutRecord } from '../report/record.ts';
import type { Decision, Observation, Outcome, Rollout } from '../rollout/controller.ts';
import type { Period } from '../rollout/judge/evidence.ts';

/** Keeps everything that a rollout saw, decided and called, and writes it to a file that outlives the process. */
export class Recorder {
  readonly #clock: Clock;
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #unwritable = false;
  readonly #record: RolloutRecord;
  readonly #minutes = new Map<string, string>();

  constructor(
    clock: Clock,
    path: string,
    warn: (message: string) => void,
    head: { rolloutId: string; service: string; cluster: string; rollout: Rollout },
  ) {
    this.#clock = clock;
    this.#path = path;
    this.#warn = warn;
    this.#record = { version: 1, ...head, startedAt: clock.now(), entries: [] };
  }

  get record(): RolloutRecord {
    return this.#record;
  }

  get path(): string {
    return this.#path;
  }

  observed(observation: Observation): void {
    const { canary, stable, ...evidence } = observation.evidence;
    const fresh = { canary: this.#fresh('canary', canary), stable: this.#fresh('stable', stable) };
    if (fresh.canary.length + fresh.stable.length > 0) {
      this.#record.entries.push({ at: observation.now, kind: 'metrics', ...fresh });
    }
    this.#record.entries.push({
      at: observation.now,
      kind: 'observation',
      observation: { ...observation, evidence },
    });
  }

  /** Minutes that were not recorded yet, or otherwise: late metrics change what was said before. */
  #fresh(side: string, periods: readonly Period[]): readonly Period[] {
    return periods.filter((period) => {
      const key = `${side} ${period.start}`;
      const text = JSON.stringify(period);
      if (this.#minutes.get(key) === text) return false;
      this.#minutes.set(key, text);
      return true;
    });
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

  end(outcome: Outcome, reason: string, events: readonly string[] = []): void {
    Object.assign(this.#record, { endedAt: this.#clock.now(), outcome, reason, events });
  }

  /**
   * Writes the record, an entry a line, so that a reader never sees half of it. A disk that is full must not keep a
   * release from being taken back, so a record that cannot be written is warned about, once.
   */
  save(): void {
    try {
      this.#write();
    } catch (error) {
      if (this.#unwritable) return;
      this.#unwritable = true;
      this.#warn(
        `The record of the rollout cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #write(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const draft = `${this.#path}.part`;
    const { entries, ...head } = this.#record;
    const lines = entries.map((entry) => JSON.stringify(entry)).join(',\n');
    writeFileSync(draft, `${JSON.stringify(head).slice(0, -1)},"entries":[\n${lines}\n]}\n`);
    renameSync(draft, this.#path);
  }
}
