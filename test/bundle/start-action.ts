export { Job, type RunningStep, type StepResult } from '../../src/runner/start-action.ts';
