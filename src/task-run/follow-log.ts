import type { Clock } from '../clock.ts';
import { DeployError, isOutage, isRefusal } from '../errors.ts';
import type { LogLine, LogPlace, Logs, Reporter } from '../ports.ts';
import type { CallBudget } from './call-budget.ts';
import { OnceEach, type Reading } from './once-each.ts';
import { Output } from './output.ts';
import { printedLines } from './printed-line.ts';
import { orAborted, sleepUntil } from './sleep.ts';
import { WholeLines } from './whole-lines.ts';

/** Nothing new for so long after the container's end means that the log is complete; longer where there was nothing. */
const QUIET_MS = 3_000;
const EMPTY_MS = 8_000;
/** The same where there is hardly any time, and how often the log is read then. */
const HURRIED = { quiet: 1_500, pause: 500 } as const;
/** How long after the container's end lines are waited for that come late. */
const LATE_MS = 20_000;
/** A machine's hiccup is no late line, however fast a scaled clock runs. */
const REAL_LATE_MS = 2_000;
/** A page of this size is one of many: the next one is read at once. */
const FULL_PAGE = { lines: 1_000, characters: 300_000 } as const;
/** So many sessions in a row that break this early, and the log is polled instead. */
const BROKEN_SESSIONS = 3;
const EARLY_MS = 60_000;
const REOPEN_MS = 3_000;
/** How long lines of the live session wait for a reading of those before them: it may be held up. */
const HOLD_MS = 10_000;
/** The log group is made when the first container of it starts. */
const NO_GROUP_MS = 15_000;

interface World {
  readonly logs: Logs;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly budget: CallBudget;
}

/**
 * Shows a container's log in the job's while it is written: by a live session of CloudWatch, and by reading where there
 * is none. `finish` reads it all, and shows every line that has not been shown.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
 */
export class LogFollower {
  readonly #place: LogPlace;
  readonly #world: World;
  readonly #once = new OnceEach();
  readonly #whole = new WholeLines();
  readonly #shown = new Output();
  readonly #ended = new AbortController();
  #nudge = new AbortController();
  /** Updates that wait. */
  readonly #held: (readonly LogLine[])[] = [];
  #heldSince = 0;
  #running: boolean;
  #finishing = false;
  #polled: { readonly reading: Reading; from?: string };
  #polling = false;
  #behind: boolean;
  #unreadable: string | undefined;
  #lastNews = 0;

  /** @param container one that runs already may have written lines that no session will tell */
  constructor(place: LogPlace, container: 'to-come' | 'running' | 'ended', world: World) {
    this.#place = place;
    this.#world = world;
    this.#running = container === 'running';
    this.#behind = this.#running;
    this.#polled = { reading: this.#once.reading() };
    if (container !== 'ended') void this.#followLive();
  }

  /** Whether a call should be spent on reading: there is no live session, or one has started late. */
  get due(): boolean {
    return this.#running && (this.#polling || this.#behind) && this.#unreadable === undefined;
  }

  /** The container has started: what was missing may be there now. */
  started(): void {
    this.#running = true;
    this.#nudge.abort();
  }

  /** Reads a page. The caller counts the call. */
  async poll(): Promise<void> {
    const { reading, from } = this.#polled;
    try {
      const page = await this.#world.logs.read(this.#place, from);
      if (this.#ended.signal.aborted) return;
      this.#print(reading.take(page.lines));
      this.#polled = { reading, ...(page.next !== undefined && { from: page.next }) };
      if (!isFull(page.lines)) this.#release();
    } catch (error) {
      // An outage passes; the end reads it all again.
      if (!isOutage(error)) this.#giveUpReading(error);
    }
  }

  /**
   * Reads the whole log once the container has ended, and waits for what comes late.
   *
   * @param enough ends it, with what there is
   * @param how `hurried` neither waits nor saves calls
   * @returns the container's output, and whether that is all of it
   */
  async finish(
    enough: AbortSignal,
    how: 'patient' | 'hurried',
  ): Promise<{ readonly output: string; readonly complete: boolean }> {
    this.#finishing = true;
    const complete = this.#unreadable === undefined ? await this.#readAll(enough, how) : undefined;
    this.#release();
    this.#ended.abort();
    this.#say(this.#whole.rest());
    return { output: (complete ?? this.#shown).text(), complete: complete !== undefined };
  }

  /** Shows no more. */
  end(): void {
    this.#ended.abort();
  }

  async #readAll(enough: AbortSignal, how: 'patient' | 'hurried'): Promise<Output | undefined> {
    const { logs, clock, budget, reporter } = this.#world;
    const reading = this.#once.reading();
    const output = new Output();
    const whole = new WholeLines();
    const { quiet, pause } = how === 'hurried' ? HURRIED : { quiet: QUIET_MS, pause: QUIET_MS };
    const endedAt = clock.now();
    const latest = endedAt + Math.max(LATE_MS, REAL_LATE_MS * clock.scale);
    this.#lastNews = endedAt;
    let from: string | undefined;
    let first = true;
    let empty = true;
    for (let last = endedAt, full = false; ; first = false) {
      // A long log is read in one go: that is no waiting.
      if (!full) {
        const due = first ? last : last + pause;
        await this.#sleepUntil(how === 'patient' ? Math.max(budget.next(clock.now()), due) : due, enough);
      }
      if (enough.aborted) return undefined;
      last = clock.now();
      budget.spend(last);
      let page: Awaited<ReturnType<Logs['read']>>;
      try {
        const answer = await orAborted(logs.read(this.#place, from), enough);
        if (!answer) return undefined;
        page = answer.value;
      } catch (error) {
        this.#giveUpReading(error);
        return undefined;
      }
      for (const text of whole.take(page.lines)) output.add(text);
      const missed = reading.take(page.lines);
      this.#print(missed);
      const atEnd = page.next === from;
      from = page.next;
      // CloudWatch may divide a log into smaller pages than it need.
      full = !atEnd && (isFull(page.lines) || (!first && page.lines.length > 0));
      const now = clock.now();
      empty &&= page.lines.length === 0;
      const still = how === 'patient' && empty ? EMPTY_MS : quiet;
      if (atEnd && reading.missing() === 0 && now - this.#lastNews >= still) break;
      // A container that could not be stopped may write for ever.
      if (!isFull(page.lines) && now > latest) {
        if (atEnd && reading.missing() === 0) break;
        reporter.info('CloudWatch Logs still does not give all lines of the log to read.');
        return undefined;
      }
    }
    for (const text of whole.rest()) output.add(text);
    return output;
  }

  async #followLive(): Promise<void> {
    const { logs, clock, reporter, budget } = this.#world;
    const { signal } = this.#ended;
    // What was written before a session, or between two, no session tells.
    let gap = this.#behind;
    for (let broken = 0; !signal.aborted; gap = true) {
      await this.#sleepUntil(budget.next(clock.now()), signal);
      if (signal.aborted) return;
      const openedAt = clock.now();
      budget.spend(openedAt);
      let pause = REOPEN_MS;
      let why = 'the session has ended';
      try {
        let open = false;
        for await (const { lines, sampled } of logs.live(this.#place, signal)) {
          if ((!open && gap) || sampled) this.#behind = true;
          open = true;
          this.#hear(lines);
        }
      } catch (error) {
        why = textOf(error);
        const missing = error instanceof Error && error.name === 'ResourceNotFoundException';
        if (missing) {
          pause = NO_GROUP_MS;
          broken -= 1;
          this.#behind = true;
        } else if (error instanceof DeployError || isRefusal(error)) {
          this.#pollInstead(error);
          return;
        }
      }
      if (signal.aborted) return;
      this.#behind = true;
      broken = clock.now() - openedAt > EARLY_MS ? 0 : broken + 1;
      if (broken >= BROKEN_SESSIONS) {
        reporter.info(`No live session of the log can be kept open (${why}).`);
        this.#pollInstead();
        return;
      }
      this.#nudge = new AbortController();
      await clock.sleep(pause, AbortSignal.any([signal, this.#nudge.signal]));
    }
  }

  #pollInstead(error?: unknown): void {
    this.#polling = true;
    const how = 'The log is read every 6 s instead, and the end of the task is noticed within 6 s.';
    const next = error instanceof DeployError && error.next ? ` ${error.next}` : '';
    if (error === undefined) this.#world.reporter.info(how);
    else this.#world.reporter.warning(`There is no live session of the log: ${textOf(error)}. ${how}${next}`);
  }

  /** Lines of the live session wait while a reading brings those before them. */
  #hear(lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    this.#running = true;
    this.#lastNews = this.#world.clock.now();
    if (this.#held.length === 0) this.#heldSince = this.#lastNews;
    this.#held.push(lines);
    if (this.#finishing) return;
    if (!this.due || this.#lastNews - this.#heldSince > HOLD_MS) this.#showHeld();
  }

  #release(): void {
    this.#behind = false;
    this.#showHeld();
  }

  #showHeld(): void {
    const fresh = this.#held.splice(0).flatMap((update) => this.#once.live(update));
    this.#print(fresh.toSorted((a, b) => a.at - b.at));
  }

  #giveUpReading(error: unknown): void {
    this.#unreadable = textOf(error);
    this.#release();
    const { group, stream, region } = this.#place;
    const next = error instanceof DeployError && error.next ? ` ${error.next}` : '';
    this.#world.reporter.warning(
      `The log of the container cannot be read: ${this.#unreadable}. Lines may be missing here; it is in the log group ${group}, stream ${stream}, in ${region}.${next}`,
    );
  }

  #print(lines: readonly LogLine[]): void {
    if (lines.length === 0 || this.#ended.signal.aborted) return;
    this.#lastNews = this.#world.clock.now();
    this.#say(this.#whole.take(lines));
  }

  #say(texts: readonly string[]): void {
    for (const text of texts) {
      this.#shown.add(text);
      for (const line of printedLines(text)) this.#world.reporter.info(line);
    }
  }

  async #sleepUntil(at: number, signal: AbortSignal): Promise<void> {
    await sleepUntil(this.#world.clock, at, signal);
  }
}

const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

const isFull = (lines: readonly LogLine[]): boolean =>
  lines.length >= FULL_PAGE.lines ||
  lines.reduce((sum, { text }) => sum + text.length, 0) >= FULL_PAGE.characters;
