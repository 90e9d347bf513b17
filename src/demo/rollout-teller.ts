import type { CreateServiceCommandInput, UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import { revision } from '../report/narrate.ts';
import { formatDuration } from '../rollout/duration.ts';
import type { Finding, Verdict } from '../rollout/judge/finding.ts';
import type { RecordedCall } from '../simulator/server.ts';
import { realTime } from './numbers.ts';
import { type DecisionEntry, FollowedRecord } from './rollout-record.ts';
import { SERVICE, TARGET_GROUP } from './shop.ts';
import type { Timeline } from './timeline.ts';
import { type Shift, WeightWatch } from './weight-watch.ts';

/**
 * Tells a rollout while it happens: what it does, from the calls that reach AWS; why it does it, from the decisions in
 * its own record.
 */
export class RolloutTeller {
  readonly #timeline: Timeline;
  readonly #record: FollowedRecord;
  readonly #scale: number;
  readonly #watch = new WeightWatch(TARGET_GROUP, (shift) => this.#shifted(shift));
  readonly #waiting = new Set<{ readonly percent: number; readonly reached: () => void }>();
  #retreat: DecisionEntry | undefined;
  #lastFindings: readonly Finding[] = [];
  #baking = false;
  /** Real milliseconds from the decision to take the release back to the end of the last call that did it. */
  trafficBackMs: number | undefined;

  constructor(timeline: Timeline, directory: string, scale: number) {
    this.#timeline = timeline;
    this.#record = new FollowedRecord(directory);
    this.#scale = scale;
  }

  /** Resolves when the canary has at least this share of the traffic. */
  async reaches(percent: number): Promise<void> {
    if (this.#watch.percent >= percent) return;
    await new Promise<void>((reached) => this.#waiting.add({ percent, reached }));
  }

  hear(call: RecordedCall): void {
    this.#watch.hear(call);
    if (call.outcome !== 'ok') return;
    switch (call.operation) {
      case 'CreateService': {
        const { desiredCount = 0, taskDefinition = '' } = call.input as CreateServiceCommandInput;
        this.#timeline.event(
          call.time,
          `the canary starts with ${tasks(desiredCount)} of ${revision(taskDefinition)}`,
        );
        break;
      }
      case 'UpdateService': {
        const { service = '', desiredCount, taskDefinition } = call.input as UpdateServiceCommandInput;
        const isOwn = service === SERVICE || service.endsWith(`/${SERVICE}`);
        if (isOwn && taskDefinition !== undefined) {
          this.#timeline.event(call.time, `${SERVICE} itself is given ${revision(taskDefinition)}`);
        } else if (!isOwn && desiredCount !== undefined) {
          this.#timeline.event(call.time, `the canary is scaled to ${tasks(desiredCount)}`);
        }
        break;
      }
      case 'DeleteService':
        this.#learn();
        this.#tellRetreat(call.time);
        break;
      case 'DeleteTargetGroup':
        this.#timeline.event(call.time, 'the canary is gone, service and target group');
        break;
    }
  }

  #learn(): DecisionEntry | undefined {
    const decisions = this.#record.news()?.decisions ?? [];
    for (const decision of decisions) {
      const { phase, findings } = decision;
      // The decision that ends a bake is still about that bake.
      if (this.#baking && findings.length > 0) this.#lastFindings = findings;
      this.#baking = phase.kind === 'stepping' && phase.verifiedAt !== undefined;
      if (phase.kind === 'rolling-back') this.#retreat ??= decision;
    }
    return decisions.at(-1);
  }

  #shifted(shift: Shift): void {
    const decision = this.#learn();
    if (this.#retreat !== undefined && shift.percent === 0) {
      this.trafficBackMs = (shift.at - this.#retreat.at) / this.#scale + shift.callMs;
      this.#tellRetreat(shift.at);
      this.#timeline.detail(
        `all traffic back ${realTime(this.trafficBackMs)} of real time after the decision, in ${shift.calls} calls`,
      );
    } else if (shift.percent === 0) {
      this.#timeline.weight(
        shift.at,
        0,
        `${SERVICE} itself runs the new revision now and has its traffic again`,
        'green',
      );
    } else {
      this.#tellFindings();
      this.#timeline.weight(shift.at, shift.percent, this.#bakeOf(shift.percent, decision), 'cyan');
    }
    for (const waiting of this.#waiting) {
      if (shift.percent < waiting.percent) continue;
      this.#waiting.delete(waiting);
      waiting.reached();
    }
  }

  #bakeOf(percent: number, decision: DecisionEntry | undefined): string {
    const phase = decision?.phase;
    const step = phase?.kind === 'stepping' ? this.#record.read()?.rollout.plan[phase.step] : undefined;
    if (step !== undefined && step.bakeMs > 0) return `for ${formatDuration(step.bakeMs)}`;
    return percent >= 100 ? 'the canary carries everything while the service is renewed' : '';
  }

  /** What the gates said at the end of a step that went on. */
  #tellFindings(): void {
    const findings = this.#lastFindings;
    this.#lastFindings = [];
    const numbers = (text: string): boolean => / of \d/.test(text);
    for (const { gate, text, verdict } of findings.filter((finding) => numbers(finding.text))) {
      this.#timeline.detail(`${MARKS[verdict]} ${bound(gate)}: ${text.replace(/ UTC$/, '')}`);
    }
    const others = findings.filter((finding) => !numbers(finding.text));
    if (others.length > 0) {
      this.#timeline.detail(others.map(({ gate, verdict }) => `${MARKS[verdict]} ${bound(gate)}`).join(', '));
    }
  }

  #tellRetreat(at: number): void {
    const phase = this.#retreat?.phase;
    if (phase?.kind !== 'rolling-back' || this.#retreat === undefined) return;
    this.#retreat = undefined;
    this.#timeline.weight(at, 0, `taken back: ${phase.reason}`, 'red');
  }
}

const MARKS: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  abort: '✗',
  undecided: '~',
  'no-evidence': '?',
};

const tasks = (count: number): string => `${count} ${count === 1 ? 'task' : 'tasks'}`;
/** A gate without its abort bound. */
const bound = (gate: string): string => gate.replace(/ abort .*/, '');
