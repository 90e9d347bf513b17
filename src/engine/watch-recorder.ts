import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { AwsCall } from '../ports.ts';
import type { WatchEntry, WatchOutcome, WatchRecord } from '../report/watch-record.ts';
import type { Decision, Sighting } from '../watch/decide.ts';
import { RecordFile } from './record-file.ts';

/** Keeps what a watch saw, decided and called. What has not changed is not written down again. */
export class WatchRecorder {
  readonly #clock: Clock;
  readonly #record: WatchRecord;
  readonly #file: RecordFile<WatchRecord>;
  #seen = '';
  #decided = '';

  constructor(
    clock: Clock,
    env: NodeJS.ProcessEnv,
    warn: (message: string) => void,
    head: Pick<WatchRecord, 'rolloutId' | 'cluster' | 'service' | 'rollout' | 'watch'>,
  ) {
    this.#clock = clock;
    this.#record = { version: 1, kind: 'watch', ...head, startedAt: head.watch.startedAt, entries: [] };
    const path = join(env['RUNNER_TEMP'] || '/tmp', 'deploy-actions', `watch-${head.rolloutId}.json`);
    this.#file = new RecordFile(this.#record, path, 'watch', warn);
  }

  get path(): string {
    return this.#file.path;
  }

  get record(): WatchRecord {
    return this.#record;
  }

  observed({
    now,
    evidence: { canary, stable: _stable, before: _before, ...evidence },
    lines,
  }: Sighting): void {
    const fresh = this.#file.fresh('canary', canary);
    if (fresh.length > 0) this.#add({ at: now, kind: 'metrics', canary: fresh, stable: [], before: [] });
    const counts = Object.fromEntries([...lines].map(([name, found]) => [name, found.length]));
    const observation = { evidence, lines: counts };
    const text = JSON.stringify(observation);
    if (text !== this.#seen) this.#add({ at: now, kind: 'observation', observation });
    this.#seen = text;
  }

  decided({ kind, findings }: Decision): void {
    const text = JSON.stringify([kind, findings]);
    if (text !== this.#decided) {
      this.#add({ at: this.#clock.now(), kind: 'decision', decision: kind, findings });
      this.#file.save();
    }
    this.#decided = text;
  }

  called(call: AwsCall): void {
    this.#add({ kind: 'call', ...call });
  }

  /** That was all. */
  end(outcome: WatchOutcome | undefined, reason: string): void {
    Object.assign(this.#record, { endedAt: this.#clock.now(), ...(outcome && { outcome }), reason });
    this.#file.save();
  }

  #add(entry: WatchEntry): void {
    this.#record.entries.push(entry);
  }
}
