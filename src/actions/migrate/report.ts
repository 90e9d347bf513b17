import type { ConfigError } from '../../errors.ts';
import { DeployError } from '../../errors.ts';
import { codeSpan, literal } from '../../report/markdown.ts';
import { revision } from '../../report/narrate.ts';
import { formatDuration } from '../../rollout/duration.ts';
import type { Outcome } from './carry-out.ts';
import { commandText } from './identity.ts';
import type { Inputs } from './inputs.ts';
import type { Prepared } from './prepare.ts';

/** What is about to run and where, a line each. */
export function describePlan(inputs: Inputs, prepared: Prepared): readonly string[] {
  const { cluster, definition, origin, revision: arn, container, placement, log } = prepared;
  const { network, launchType, capacityProviders } = placement;
  const compute =
    capacityProviders?.map(({ name, weight }) => `${name}=${weight}`).join(', ') ??
    launchType ??
    "the cluster's default capacity";
  const what = arn === undefined ? `${definition.family}, from ${origin}, to be registered` : revision(arn);
  return [
    `Task: container ${container} of ${what}, in the cluster ${cluster} on ${compute}`,
    ...(network
      ? [
          `Network: ${network.subnets.join(', ')}; security groups: ${network.securityGroups.join(', ') || 'the default'}`,
        ]
      : []),
    `Lock: ${inputs.lock}`,
    `Log: ${log.kind === 'cloudwatch' ? log.group : log.why}`,
    ...inputs.commands.map((command) => `Run: ${commandText(command)}`),
    ...(inputs.verify ? [`Verify: ${commandText(inputs.verify.command)}`] : []),
  ];
}

/** A job that ended before anything was run. */
export const refusalOf = (error: ConfigError | DeployError): string => {
  const told = error instanceof DeployError ? [error.message, error.state, error.next] : [error.message];
  const [message = '', ...rest] = told.filter((text) => text !== undefined);
  return `## ❌ ${literal(message)}\n\n${rest.map(literal).join('\n\n')}\n`;
};

const MARKS = { migrated: '✅', 'nothing-to-do': '✅', undone: '↩️', failed: '❌' } as const;

/** The story for the job's summary. */
export function summaryOf(inputs: Inputs, outcome: Outcome, taskDefinition: string): string {
  const { word, headline, told, failure } = outcome;
  const rows = told.map(
    ({ step, command, end, exitCode, ms }) =>
      `| ${literal(step)} | ${codeSpan(command).replaceAll('|', '\\|')} | ${literal(end)} | ${exitCode ?? ''} | ${ms === undefined ? '' : formatDuration(ms)} |`,
  );
  return [
    `## ${MARKS[word]} ${literal(headline)}`,
    '',
    ...(rows.length > 0
      ? ['| Step | Command | End | Exit code | Took |', '| --- | --- | --- | --- | --- |', ...rows, '']
      : []),
    ...(failure ? [literal(failure.state), '', literal(failure.next), ''] : []),
    `Lock ${codeSpan(inputs.lock)}, ${codeSpan(revision(taskDefinition))}${
      inputs.backups.length > 0 ? `, backup ${inputs.backups.map(codeSpan).join(', ')}` : ''
    }${inputs.compatible === undefined ? '' : `, compatible with the code before it: ${inputs.compatible ? 'yes' : 'no'}`}`,
    '',
  ].join('\n');
}
