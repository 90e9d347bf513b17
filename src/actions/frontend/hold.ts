import type { Clock } from '../../clock.ts';
import { DeployError } from '../../errors.ts';
import { STATE_KEY } from '../../frontend/entry.ts';
import { EMPTY_STATE, type Pending, readState, type State, stateText } from '../../frontend/state.ts';
import { isFormerAttempt } from '../../github/run-identity.ts';
import type { Bucket } from '../../ports.ts';
import { printable } from '../../taskdef/shape.ts';

/** In ms of the clock, and at least of the machine: a machine that has much to do does not answer sooner. */
const span = (ms: number, realMs: number) => (clock: Clock) => Math.max(ms, realMs * clock.scale);

/** A run that has given no sign of life for so long is over. */
const leaseOf = span(60_000, 4_000);
/** How often it gives one. */
const beatOf = span(20_000, 1_000);
/** A run that could give none for so long changes nothing more: the next one may begin soon. */
const safeOf = span(45_000, 3_000);
const LOOK_MS = 5_000;

/** What a hold needs of the world. */
export interface HoldWorld {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
  readonly say: (line: string) => void;
  /** Ends every call that is under way, and all that would follow. */
  readonly giveUp: () => void;
}

/** The state as it was read, and the ETag by which it is replaced; none before there is one. */
export interface Seen {
  readonly state: State;
  readonly etag: string | undefined;
}

/**
 * @param prefix of the files, with `/` at its end, or empty
 * @throws DeployError where something else has that name
 */
export async function look(bucket: Bucket, prefix: string): Promise<Seen> {
  const found = await bucket.read(prefix + STATE_KEY);
  if (!found) return { state: EMPTY_STATE, etag: undefined };
  const state = readState(new TextDecoder().decode(found.body));
  if (state) return { state, etag: found.etag };
  throw new DeployError(`${prefix}${STATE_KEY} is not what this version of the action writes`, {
    state: 'Nothing was changed.',
    next: 'If a newer version of deploy-actions has written it, use that one. Otherwise restore the object, or delete it: the next release then adopts the files as they are, and knows no former versions.',
  });
}

/**
 * Looks at the state when nobody else is changing it: a run that is under way is waited for, and one that has given no
 * sign of life for a minute is over. Its own clock counts, and no other machine's.
 *
 * @param limitMs how long to wait
 * @throws DeployError when it takes longer
 */
export async function awaitTurn(
  world: HoldWorld,
  prefix: string,
  holder: string,
  limitMs: number,
): Promise<Seen> {
  const { bucket, clock, cancelled, say } = world;
  const limit = clock.now() + limitMs;
  let seen = await look(bucket, prefix);
  let since = clock.now();
  let told = '';
  for (;;) {
    const { pending } = seen.state;
    if (!pending || isOver(pending, holder) || clock.now() - since >= leaseOf(clock)) return seen;
    if (told !== pending.holder) {
      told = pending.holder;
      say(
        `Another run changes the files: ${printable(told)}. Waiting for it, or until it gives no sign of life for a minute`,
      );
    }
    await clock.sleep(LOOK_MS, cancelled);
    if (cancelled.aborted) throw new DeployError('The run was cancelled.', { state: 'Nothing was changed.' });
    if (clock.now() > limit) {
      throw new DeployError(`another run still changes the files: ${printable(pending.holder)}`, {
        state: 'This run has changed nothing.',
        next: 'Run this step again when that one has ended, or give it more time by timeout. With a concurrency group, runs wait for each other before they begin.',
      });
    }
    const now = await look(bucket, prefix);
    if (now.etag !== seen.etag) since = clock.now();
    seen = now;
  }
}

const isOver = ({ ended, holder }: Pending, own: string): boolean =>
  ended === true || holder === own || isFormerAttempt(holder, own);

/** The right to change the files, which one run at a time has. */
export class Hold {
  readonly #world: HoldWorld;
  readonly #key: string;
  #state: State & { readonly pending: Pending };
  #etag: string;
  #heard: number;
  #lost = false;
  readonly #stop = new AbortController();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    world: HoldWorld,
    key: string,
    state: State & { readonly pending: Pending },
    etag: string,
    heard: number,
  ) {
    this.#world = world;
    this.#key = key;
    this.#state = state;
    this.#etag = etag;
    this.#heard = heard;
  }

  /** @returns undefined when somebody else has changed the state since it was read */
  static async take(
    world: HoldWorld,
    prefix: string,
    { state, etag }: Seen,
    pending: Pending,
  ): Promise<Hold | undefined> {
    const held = { ...state, pending };
    const key = prefix + STATE_KEY;
    // Others may have seen it long before the answer is here.
    const asked = world.clock.now();
    const written = await write(world.bucket, key, held, etag);
    if (written === undefined) return undefined;
    const hold = new Hold(world, key, held, written, asked);
    if (hold.isLost) await hold.#beat();
    void hold.#live();
    void hold.#guard();
    return hold;
  }

  /** Whether another run may have taken the files over. */
  get isLost(): boolean {
    const { clock } = this.#world;
    return this.#lost || clock.now() - this.#heard >= safeOf(clock);
  }

  /** @throws DeployError when another run may have taken the files over: nothing must be changed any more */
  check(cause?: unknown): void {
    if (!this.isLost) return;
    throw new DeployError(
      'this run could give no sign of life for too long, and changes nothing more: another one may have taken the files over',
      {
        state: 'What this run had begun is brought to its end by the next one.',
        next: 'If no other run is under way, run this step again.',
        cause,
      },
    );
  }

  /** Writes what is true now, and gives the files free. */
  async commit(state: State): Promise<void> {
    this.#stop.abort();
    await this.#writing;
    this.check();
    const { pending: _, ...rest } = state;
    const written = await write(this.#world.bucket, this.#key, rest, this.#etag);
    if (written !== undefined) return;
    this.#lost = true;
    this.check();
  }

  /** Says that this run goes no further, so that the next need not wait; nothing is lost where that fails. */
  async leave(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
    if (this.isLost) return;
    const pending: Pending = { ...this.#state.pending, ended: true };
    await write(this.#world.bucket, this.#key, { ...this.#state, pending }, this.#etag).catch(
      () => undefined,
    );
  }

  async #live(): Promise<void> {
    const { clock } = this.#world;
    for (;;) {
      await clock.sleep(beatOf(clock), this.#stop.signal);
      if (this.#stop.signal.aborted || this.#lost) return;
      this.#writing = this.#beat();
      await this.#writing;
    }
  }

  /** A call that is tried again and again must not come through when the files are somebody else's. */
  async #guard(): Promise<void> {
    const { clock, giveUp } = this.#world;
    while (!this.isLost) {
      await clock.sleep(this.#heard + safeOf(clock) - clock.now(), this.#stop.signal);
      if (this.#stop.signal.aborted) return;
    }
    // A sign of life whose answer comes only now would change nothing: no call goes through any more.
    this.#lost = true;
    giveUp();
  }

  async #beat(): Promise<void> {
    const { bucket, clock } = this.#world;
    const { pending } = this.#state;
    const next = { ...this.#state, pending: { ...pending, beat: pending.beat + 1 } };
    const asked = clock.now();
    try {
      const etag = await write(bucket, this.#key, next, this.#etag);
      if (etag === undefined) {
        this.#lost = true;
        return;
      }
      this.#etag = etag;
      this.#state = next;
      this.#heard = asked;
    } catch {
      // The next beat tries again; without one for too long, `check` stops the run.
    }
  }
}

/** @returns the new ETag; undefined when another state is there than the one that was read */
async function write(
  bucket: Bucket,
  key: string,
  state: State,
  etag: string | undefined,
): Promise<string | undefined> {
  const object = {
    key,
    body: new TextEncoder().encode(stateText(state)),
    contentType: 'application/json',
    cacheControl: 'no-store',
  };
  const written = await bucket.write(object, etag === undefined ? { absent: true } : { ifMatch: etag });
  return written === 'conflict' ? undefined : written.etag;
}
