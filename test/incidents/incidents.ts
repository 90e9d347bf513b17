import type { Incident } from '../../src/incidents/incident.ts';
import { diff } from '../../src/taskdef/diff.ts';

const at = (time: string): number => Date.parse(`2026-01-05T${time}Z`);

const ERRORS = 'error-rate < 1% abort > 2%';
const SEEN = '48 of 693 requests (6.93%) answered 5xx, 12:11-12:12 UTC';
const TASK = 'arn:aws:ecs:eu-west-1:123456789012:task/prod/6d8830e25d5323c7c2bc7f183d5b6f68';

const definition = (image: string, environment: Readonly<Record<string, string>>) => ({
  family: 'web',
  containerDefinitions: [
    {
      name: 'web',
      image,
      environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    },
  ],
});

/** A canary of web:2 that answered too many requests with errors, with all that can be known of it. */
export const ROLLED_BACK: Incident = {
  subject: { region: 'eu-west-1', cluster: 'prod', service: 'web' },
  account: '123456789012',
  environment: 'production',
  outcome: 'rolled-back',
  reason: `${ERRORS}: ${SEEN}`,
  at: at('12:13:52'),
  atIs: 'known',
  failed: 'web:2',
  good: 'web:1',
  backAt: at('12:13:55'),
  production: {
    seenAt: at('12:16:01'),
    runs: 'web:1',
    running: 4,
    desired: 4,
    share: 0,
    leftovers: false,
  },
  impact: {
    share: 50,
    ms: 199_000,
    answers: { requests: 693, errors5xx: 48, from: at('12:11:00'), to: at('12:12:00') },
  },
  timeline: [
    { at: at('12:07:21'), text: 'The rollout of web:2 began; web:1 ran' },
    { at: at('12:10:36'), text: '50% of the traffic was on the release' },
    { at: at('12:13:52'), text: `Roll back: ${ERRORS}: ${SEEN}` },
    { at: at('12:13:55'), text: 'All traffic was back on the service, 3s after the decision' },
  ],
  gates: [
    { gate: 'crashes = 0', verdict: 'pass', text: '0', warnOnly: false },
    { gate: ERRORS, verdict: 'abort', text: SEEN, warnOnly: false },
  ],
  stops: [
    {
      arn: TASK,
      startedBy: 'ecs-svc/1',
      stopCode: 'EssentialContainerExited',
      reason: 'Essential container in task exited',
      stoppedAt: at('12:13:40'),
      containers: [{ name: 'web', exitCode: 1 }],
    },
  ],
  events: ['(service web-canary) has reached a steady state.'],
  logs: [
    {
      task: '6d8830e25d5323c7c2bc7f183d5b6f68',
      container: 'web',
      lines: [
        { at: at('12:13:39'), text: 'POST /orders 500' },
        { at: at('12:13:40'), text: "TypeError: Cannot read properties of undefined (reading 'price')" },
      ],
    },
  ],
  difference: diff(
    definition('123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.0', { PRICES: 'v1' }),
    definition('123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1.5.0', { PRICES: 'v2' }),
  ),
  commits: {
    base: 'b'.repeat(40),
    head: 'a'.repeat(40),
    from: 'the deployments of production',
    relation: 'ahead',
    newest: [
      { sha: 'a'.repeat(40), subject: 'Show prices with taxes', author: 'octocat', pullRequest: 12 },
      { sha: 'c'.repeat(40), subject: 'Faster cart', author: 'hubot', pullRequest: undefined },
    ],
    total: 2,
    url: 'https://github.com/org/web/compare/bbbbbbb...aaaaaaa',
  },
  migrations: {
    compatible: true,
    text: 'Migrations since web:1 was deployed (2026-01-04T12:00Z): 1, all called compatible',
  },
  restoreCommands: 'export AWS_PAGER=\naws rds restore-db-instance-from-db-snapshot',
  runbookUrl: 'https://wiki.example.com/runbooks/web (night)',
  run: {
    id: 1001,
    url: 'https://github.com/org/web/actions/runs/1001',
    repositoryUrl: 'https://github.com/org/web',
    workflow: 'Deploy',
    actor: 'octocat',
  },
  unknown: [],
};
