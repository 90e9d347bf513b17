import type { Clock } from '../clock.ts';
import type { Reporter } from '../ports.ts';
import type { InputSource } from './input-reader.ts';

/** What every action is given to work with. */
export interface ActionContext {
  readonly input: InputSource;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts when the runner cancels the job or the step runs out of time; the reason says which signal came. */
  readonly cancelled: AbortSignal;
}

/** One step of a published action: its main, or its post. */
export interface ActionModule {
  /** @throws ConfigError and DeployError for what the user should read; anything else is a defect of ours */
  run(context: ActionContext): Promise<void>;
}
