import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';

/** Where a container's output goes. */
export interface ContainerLog {
  readonly container: string;
  /** `awslogs`, `awsfirelens`, ...; undefined without a log configuration. */
  readonly driver: string | undefined;
  readonly group: string | undefined;
  readonly region: string | undefined;
  /** `awslogs-create-group`: the first task makes the group. */
  readonly creates: boolean;
}

/** @param exists whether a group is there, by {@link groupKey} */
export function checkLogs(
  logs: readonly ContainerLog[],
  exists: ReadonlyMap<string, Seen<boolean>>,
): readonly Finding[] {
  const check = 'logs';
  return logs.map((log) => {
    const { container, driver, group, region, creates } = log;
    if (driver === undefined) {
      return warn(
        check,
        `the output of the container ${container} is kept nowhere`,
        'Give it a logConfiguration, such as the driver awslogs with awslogs-group, awslogs-region and awslogs-stream-prefix.',
      );
    }
    if (driver !== 'awslogs') return skip(check, `${container} logs by ${driver}, which is not looked at`);
    if (group === undefined) {
      return fail(
        check,
        `${container} logs by awslogs without awslogs-group`,
        'Name the group in its logConfiguration.',
      );
    }
    const there = exists.get(groupKey(group, region));
    if (isUnseen(there)) return unseen(check, `the log group ${group}`, there);
    if (there) return pass(check, `${container}: the log group ${group} is there`);
    if (creates)
      return pass(check, `${container}: the first task makes the log group ${group} (awslogs-create-group)`);
    const where = region === undefined ? '' : ` --region ${region}`;
    return fail(
      check,
      `there is no log group ${group}${region === undefined ? '' : ` in ${region}`}, so no task with the container ${container} starts`,
      `Make it: aws logs create-log-group --log-group-name ${group}${where}; or set awslogs-create-group, with logs:CreateLogGroup for the execution role.`,
    );
  });
}

export const groupKey = (group: string, region: string | undefined): string => `${region ?? ''} ${group}`;
