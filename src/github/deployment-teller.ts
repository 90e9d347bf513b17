import type { Clock } from '../clock.ts';
import { type DeploymentStatus, isFinal } from '../report/deployment-status.ts';
import type { GithubAccess } from './api.ts';
import { pauseAfter } from './api-failure.ts';
import type { Deployment, DeploymentPlace, Deployments, Origin, State, Subject } from './deployments.ts';

/** What a teller has got so far, for a later step that may have to finish for it. */
export interface Told {
  readonly id: number | undefined;
  /** The last word, once it is known. */
  readonly last: DeploymentStatus | undefined;
  /** Whether GitHub has it, or will not take it. */
  readonly done: boolean;
}

export interface TellerSettings {
  readonly origin: Origin;
  readonly place: DeploymentPlace;
  readonly subject: Subject;
  readonly access: Omit<GithubAccess, 'signal'>;
  /** Called with every change. */
  readonly keep: (told: Told) => void;
}

/** GitHub asks for no more than 80 writes a minute and 500 an hour; that much of one run is enough for its readers. */
const BETWEEN_STATUSES_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** After an error, the last word is not put off for longer. */
const LAST_PAUSE_MS = 2_000;

/**
 * Tells GitHub in the background how a deployment goes. Nothing here makes a caller wait or fail: what cannot be told in
 * time gives way to what comes after it, and only `end` waits, for as long as it is given.
 */
export class DeploymentTeller {
  readonly #settings: TellerSettings;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #wake = new AbortController();
  #waiting: DeploymentStatus | undefined;
  /** Said already, or about to be. */
  #newest: DeploymentStatus | undefined;
  #last: DeploymentStatus | undefined;
  #unlessEnded = false;
  #ending = false;
  #id: number | undefined;
  #done = false;
  #refused = false;
  #trouble: unknown;
  #work: Promise<void> | undefined;

  constructor(settings: TellerSettings) {
    this.#settings = settings;
    this.#clock = settings.access.clock;
  }

  start(): void {
    this.#keep();
    this.#work ??= this.#tell().catch((error: unknown) => {
      this.#trouble = error;
    });
  }

  get origin(): Origin {
    return this.#settings.origin;
  }

  /** Whether the last word was said. */
  get ended(): boolean {
    return this.#last !== undefined;
  }

  /** The newest status wins over one that was not sent yet; nothing follows a final one. */
  say(status: DeploymentStatus): void {
    if (this.#last !== undefined) return;
    const { state, description } = this.#newest ?? {};
    if (status.state === state && status.description === description) return;
    this.#newest = status;
    this.#waiting = status;
    if (isFinal(status)) {
      const { origin } = this.#settings;
      // Whoever left a deployment may have said its end before.
      if (origin.kind === 'former' && origin.otherwise === 'none') this.#unlessEnded = true;
      this.#last = status;
      this.#keep();
    }
    this.#wake.abort();
  }

  /** A final status that counts only where nobody else has ended the deployment meanwhile. */
  sayUnlessEnded(status: DeploymentStatus): void {
    if (this.#last === undefined) this.#unlessEnded = true;
    this.say(status);
  }

  /**
   * Waits until all is told.
   *
   * @param patienceMs and no longer
   * @returns the deployment's id, where there is one, and why GitHub does not have the last word
   */
  async end(patienceMs: number): Promise<{ readonly id: number | undefined; readonly trouble?: unknown }> {
    this.#ending = true;
    this.#wake.abort();
    const enough = new AbortController();
    const late = this.#clock.sleep(patienceMs, enough.signal).then(() => 'late' as const);
    const ended = await Promise.race([this.#work, late]);
    enough.abort();
    if (ended === 'late') {
      this.#trouble ??= new Error('GitHub did not answer in time');
      this.#closed.abort();
    }
    const trouble = this.#done ? undefined : this.#trouble;
    return { id: this.#id, ...(trouble !== undefined && { trouble }) };
  }

  async #tell(): Promise<void> {
    const { origin, place, subject, access } = this.#settings;
    // Octokit is of no use to a run that tells nothing.
    const { findOrMake, openDeployments, retireFormer, isOpen } = await import('./deployments.ts');
    const github = openDeployments(place, subject, { ...access, signal: this.#closed.signal });
    const found = await this.#insist((again) => findOrMake(origin, place, subject, github, again));
    if (!found) {
      this.#done = true;
      this.#keep();
      return;
    }
    this.#id = found.id;
    this.#keep();
    await this.#sayAll(found, github, isOpen);
    this.#keep();
    if (this.#last?.state === 'success') await this.#insist(() => retireFormer(found, github));
  }

  async #sayAll(
    { id, state }: Deployment,
    github: Deployments,
    isOpen: (state: State | undefined) => boolean,
  ): Promise<void> {
    while (!this.#done) {
      if (this.#waiting === undefined) {
        if (this.#ending) return;
        await this.#clock.sleep(LONGEST_PAUSE_MS, this.#wake.signal);
        this.#rest();
        continue;
      }
      // What was ended before hears only of another end.
      const before = isOpen(state) ? undefined : state;
      let said = false;
      await this.#insist(async () => {
        const status = this.#waiting;
        if (status === undefined) return;
        const final = isFinal(status);
        const known = before !== undefined && (!final || status.state === before);
        said = !known && !(final && this.#unlessEnded && !isOpen(await github.stateOf(id)));
        if (said) await github.say(id, status);
        if (this.#waiting === status) this.#waiting = undefined;
        this.#done = final;
      });
      if (said && !this.#done) await this.#pause(BETWEEN_STATUSES_MS, 0);
    }
  }

  /** Tries again where GitHub is out or asks to wait, for as long as there is time. */
  async #insist<T>(act: (again: boolean) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act(attempt > 1);
      } catch (error) {
        this.#trouble = error;
        const asked = pauseAfter(error, Math.min(attempt, 9), this.#clock.now(), false);
        if (asked === undefined) {
          // It would refuse a later step as well.
          this.#refused = !this.#closed.signal.aborted;
          this.#keep();
          throw error;
        }
        if (this.#closed.signal.aborted) throw error;
        await this.#pause(Math.min(Math.max(asked, FIRST_PAUSE_MS), LONGEST_PAUSE_MS), LAST_PAUSE_MS);
      }
    }
  }

  /** @param lastMs how long the last word is put off at most */
  async #pause(ms: number, lastMs: number): Promise<void> {
    const until = this.#clock.now() + ms;
    for (;;) {
      const hasty = this.#last !== undefined || this.#ending;
      const left = until - this.#clock.now();
      if (left <= 0) return;
      if (hasty) return this.#clock.sleep(Math.min(left, lastMs), this.#closed.signal);
      await this.#clock.sleep(left, this.#wake.signal);
      this.#rest();
    }
  }

  /** Waits for the next word from now on. */
  #rest(): void {
    if (this.#wake.signal.aborted && !this.#ending) this.#wake = new AbortController();
  }

  #keep(): void {
    try {
      this.#settings.keep({ id: this.#id, last: this.#last, done: this.#done || this.#refused });
    } catch {
      // A disk that is full must not end a rollout; a later step then looks the deployment up.
    }
  }
}
