import type {
  ModifyListenerCommandInput,
  ModifyRuleCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { RecordedCall } from '../simulator/server.ts';

/** All routes of a service now give the canary this share. */
export interface Shift {
  /** Percent that target groups other than the service's own get. */
  readonly percent: number;
  /** When the call that made it so arrived, in the simulator's ms since the epoch. */
  readonly at: number;
  /** Real milliseconds that AWS took for that call. */
  readonly callMs: number;
  /** Calls since the last shift that moved weights. */
  readonly calls: number;
}

/** Follows from the calls that reach AWS where the traffic goes, whoever makes them and whatever he says. */
export class WeightWatch {
  readonly #ownGroup: RegExp;
  readonly #onShift: (shift: Shift) => void;
  readonly #routes = new Map<string, number>();
  #percent = 0;
  #calls = 0;

  constructor(ownGroup: string, onShift: (shift: Shift) => void) {
    this.#ownGroup = new RegExp(`:targetgroup/${ownGroup}/`);
    this.#onShift = onShift;
  }

  get percent(): number {
    return this.#percent;
  }

  hear(call: RecordedCall): void {
    if (call.outcome !== 'ok') return;
    if (call.operation !== 'ModifyRule' && call.operation !== 'ModifyListener') return;
    const input = call.input as ModifyRuleCommandInput & ModifyListenerCommandInput;
    const groups = (input.Actions ?? input.DefaultActions)?.at(-1)?.ForwardConfig?.TargetGroups ?? [];
    const total = groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
    const own = groups
      .filter(({ TargetGroupArn = '' }) => this.#ownGroup.test(TargetGroupArn))
      .reduce((sum, { Weight = 1 }) => sum + Weight, 0);
    const percent = total === 0 ? 0 : (1 - own / total) * 100;
    const before = this.#routes.get(input.RuleArn ?? input.ListenerArn ?? '') ?? 0;
    this.#routes.set(input.RuleArn ?? input.ListenerArn ?? '', percent);
    if (percent !== before) this.#calls++;
    const even = [...this.#routes.values()].every((other) => other === percent);
    if (!even || percent === this.#percent) return;
    this.#percent = percent;
    this.#onShift({ percent, at: call.time, callMs: call.ms, calls: this.#calls });
    this.#calls = 0;
  }
}
