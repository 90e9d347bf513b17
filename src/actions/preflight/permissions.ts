import type { Question } from '../../preflight/access.ts';
import { isUnseen } from '../../preflight/finding.ts';
import { checkPermissions } from '../../preflight/permissions.ts';
import type { Observer } from './look.ts';
import { seen } from './seen.ts';
import type { World } from './world.ts';

/** Whether the role of the job may do what canary changes: what it reads, preflight reads as well. */
export const observePermissions: Observer = async (world) => {
  const [role, questions] = await Promise.all([world.ports.ownRole(), canaryQuestions(world)]);
  if (role === undefined) return checkPermissions({ role, questions, answers: undefined });
  const access = await world.ports.access();
  const answers = await seen(access.simulate(role, questions));
  return checkPermissions({ role, questions, answers });
};

/** The names stand for what a canary makes, whose ends nobody knows before. */
async function canaryQuestions({
  service,
  definition,
  targetGroups,
  scaler,
}: World): Promise<readonly Question[]> {
  const [{ arn, cluster, name }, { registered, definition: wanted }, groups, scaled] = await Promise.all([
    service(),
    definition(),
    seen(targetGroups()),
    seen(scaler()),
  ]);
  const [, partition = 'aws', , region = '', account = ''] = arn.split(':');
  const at = (what: string) => `arn:${partition}:${what.replace(':', `:${region}:${account}:`)}`;
  const own = { 'aws:ResourceTag/deploy-actions:service': `${cluster}/${name}` };
  const made = { 'aws:RequestTag/deploy-actions:service': `${cluster}/${name}` };
  const canary = at(`ecs:service/${cluster}/${name}-canary`);
  const group = at('elasticloadbalancing:targetgroup/canary-x/0123456789abcdef');
  const balancer = isUnseen(groups) ? undefined : groups[0]?.loadBalancerArns[0];
  const [, path = 'app/x/0123456789abcdef'] = /loadbalancer\/(.+)$/.exec(balancer ?? '') ?? [];
  const question = (
    why: string,
    action: string,
    resource: string,
    context?: Readonly<Record<string, string>>,
  ): Question => ({ why, action, resource, ...(context && { context }) });
  const roles = [...new Set(['taskRoleArn', 'executionRoleArn'].map((field) => wanted[field]))];
  return [
    question('releases the revision to the service', 'ecs:UpdateService', arn),
    question('starts the canary', 'ecs:CreateService', canary, { ...own, ...made }),
    question('removes the canary', 'ecs:DeleteService', canary, own),
    question('makes the target group of the canary', 'elasticloadbalancing:CreateTargetGroup', group, made),
    question('removes the target group of the canary', 'elasticloadbalancing:DeleteTargetGroup', group, own),
    question(
      'shifts traffic',
      'elasticloadbalancing:ModifyListener',
      at(`elasticloadbalancing:listener/${path}/0123456789abcdef`),
    ),
    question(
      'shifts traffic',
      'elasticloadbalancing:ModifyRule',
      at(`elasticloadbalancing:listener-rule/${path}/0123456789abcdef/0123456789abcdef`),
    ),
    ...(scaled && !isUnseen(scaled)
      ? [
          question(
            'keeps the autoscaler from taking tasks away',
            'application-autoscaling:RegisterScalableTarget',
            at('application-autoscaling:scalable-target/0123456789abcdef'),
            { 'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount' },
          ),
        ]
      : []),
    ...(registered
      ? []
      : [
          question(
            'registers the task definition',
            'ecs:RegisterTaskDefinition',
            at(`ecs:task-definition/${wanted.family}:1`),
          ),
          ...roles.flatMap((role) =>
            typeof role === 'string' && role.startsWith('arn:')
              ? [
                  question('hands the roles of the task definition on', 'iam:PassRole', role, {
                    'iam:PassedToService': 'ecs-tasks.amazonaws.com',
                  }),
                ]
              : [],
          ),
        ]),
  ];
}
