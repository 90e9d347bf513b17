import type { Clock } from '../clock.ts';
import type { AwsCall } from '../ports.ts';
import type { RolloutRecord } from '../report/record.ts';
import type { Decision, Observation, Outcome, Rollout } from '../rollout/controller.ts';
import { RecordFile } from './record-file.ts';

/** Keeps everything that a rollout saw, decided and called, and writes it to a file that outlives the process. */
export class Recorder {
  readonly #clock: Clock;
  readonly #record: RolloutRecord;
  readonly #file: RecordFile<RolloutRecord>;

  constructor(
    clock: Clock,
    path: string,
    warn: (message: string) => void,
    head: { rolloutId: string; service: string; cluster: string; rollout: Rollout },
  ) {
    this.#clock = clock;
    this.#record = { version: 1, ...head, startedAt: clock.now(), entries: [] };
    this.#file = new RecordFile(this.#record, path, 'rollout', warn);
  }

  get record(): RolloutRecord {
    return this.#record;
  }

  get path(): string {
    return this.#file.path;
  }

  observed(observation: Observation): void {
    const { canary, stable, before, ...evidence } = observation.evidence;
    const fresh = {
      canary: this.#file.fresh('canary', canary),
      stable: this.#file.fresh('stable', stable),
      before: this.#file.fresh('before', before),
    };
    if (Object.values(fresh).some(({ length }) => length > 0)) {
      this.#record.entries.push({ at: observation.now, kind: 'metrics', ...fresh });
    }
    this.#record.entries.push({
      at: observation.now,
      kind: 'observation',
      observation: { ...observation, evidence },
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

  save(): void {
    this.#file.save();
  }
}
