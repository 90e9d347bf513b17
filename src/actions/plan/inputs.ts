import { nameIn } from '../../arn.ts';
import { ConfigError } from '../../errors.ts';
import type { Stacks } from '../../ports.ts';
import { type RolloutInputs, readRolloutInputs } from '../canary/inputs.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import {
  type RenderInputs,
  readRenderInputs,
  STACK_INPUTS,
} from '../render-task-definition/render-inputs.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { type ReportFile, readReportFiles } from './reports.ts';

export interface Inputs {
  /** What would be released. */
  readonly render: RenderInputs;
  /** How. */
  readonly rollout: RolloutInputs;
  /** Names the plan, and tells its comment from those of other services. */
  readonly title: string;
  readonly comment: boolean;
  readonly token: string | undefined;
  /** Of other steps, to stand below the plan. */
  readonly reports: readonly ReportFile[];
}

/**
 * @param workspace the directory that relative paths start from
 * @param region of the job
 * @param temporary the runner's directory for files of the job
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
  temporary?: string,
): Promise<Inputs> {
  const resolved = await withStackOutputs(input, STACK_INPUTS, stacks);
  let rollout: RolloutInputs | undefined;
  const reader = new InputReader((name) => {
    // The config file may be what names the service.
    if (rollout && (name === 'cluster' || name === 'service')) return rollout[name];
    return HIDDEN.includes(name) ? '' : resolved(name);
  });
  rollout = await reader.attemptLater(
    () => readRolloutInputs(resolved, workspace, stacks, region),
    undefined,
  );
  const render = await readRenderInputs(reader, workspace, region);
  const comment = reader.boolean('comment', true);
  const title = reader.parse('title', parseTitle, undefined);
  const reports = reader.parse('reports', (text) => readReportFiles(text, workspace, temporary), []);
  reader.finish();
  // Without it, `finish` has thrown.
  const known = rollout as RolloutInputs;
  return {
    render,
    rollout: known,
    title: title ?? `${nameIn(known.cluster)}/${known.service}`,
    comment,
    token: reader.optional('github-token'),
    reports,
  };
}

export function parseTitle(text: string): string {
  if (text.length <= LONGEST_TITLE && !/\p{Cc}/u.test(text)) return text;
  throw new ConfigError({
    input: 'title',
    message: `"${text.slice(0, LONGEST_TITLE)}" is not one line of up to ${LONGEST_TITLE} characters`,
  });
}

/** It stands in the hidden line of a comment, written longer. */
const LONGEST_TITLE = 100;

/** What stands in a comment is read by more people than a log: no value is told there. */
const HIDDEN = ['show-values'];
