import { describe, expect, it } from 'vitest';
import { type PlanStory, planHeadline, planMarkdown } from '../../src/report/plan.ts';
import { type Forecast, foreseeSteps } from '../../src/rollout/forecast.ts';
import { complete, STRATEGIES } from '../../src/rollout/plan.ts';

const forecast: Forecast = {
  cluster: 'prod',
  service: 'web',
  runs: 'web:1',
  tasks: 4,
  targetGroups: ['web'],
  routes: ['rule 10 of listener app/shop/1/2'],
  ...foreseeSteps({
    plan: complete(STRATEGIES['blue-green']),
    capacity: { mode: 'auto', atLeast: 1 },
    metricDelayMs: 180_000,
    initialTasks: 4,
  }),
  gates: [
    { text: 'error-rate vs stable', warnOnly: false },
    { text: 'crashes = 0', warnOnly: true },
  ],
  alarms: ['cpu `high`'],
  stickiness: [],
  preTrafficTest: true,
  hold: { mostMs: 1_800_000, afterwards: 'proceed' },
  drainMs: 30_000,
  timeLimitMs: 6_600_000,
  scaling: { maxTasks: 10 },
};

const story: PlanStory = {
  title: 'prod/web',
  difference: { changed: true, markdown: '- Container `web`', from: 'web:1' },
  forecast,
  problems: [],
  situation: [],
  remarks: [],
  commit: '5d41402abc4b2a76b9719d911017c592ae5f1c3d',
  runUrl: 'https://github.com/org/web/actions/runs/1',
};

describe('the headline', () => {
  const unchanged = { changed: false, markdown: '', from: 'web:1' };
  const problems = [{ input: 'steps', message: 'are wrong' }];
  const situation = [{ message: 'an alarm is in ALARM already', next: undefined }];
  it.each<[string, Partial<PlanStory>]>([
    ['📦 `prod/web`: a new revision', {}],
    ['✅ `prod/web`: nothing changes', { difference: unchanged, situation }],
    ['⚠️ `prod/web`: a new revision, which cannot be released at this moment', { situation }],
    ['❌ `prod/web`: this cannot be released', { problems, situation, difference: unchanged }],
  ])('is %s', (line, change) => {
    expect(planHeadline({ ...story, ...change })).toBe(line);
  });
});

describe('the plan', () => {
  it('tells the steps, how long they take, the tasks, and what they are judged by', () => {
    const text = planMarkdown(story);
    for (const said of [
      '| 10% | at once | 5m | 1 |\n| 50% | after 8m | 5m | 2 |\n| 100% | after 16m |',
      'All users have it after 16m;',
      'It is taken back if it is not over after 1h50m.',
      'keeps its 4 tasks; with the canary, up to 8 run at once.',
      'adds some up to 10.',
      'held for up to 30m and then passed.',
      '- gate `crashes = 0` (warns only)',
      '- alarm `` cpu `high` ``',
      'commit `5d41402abc` · [run](https://github.com/org/web/actions/runs/1)',
    ]) {
      expect(text).toContain(said);
    }
  });

  it('tells every problem and what to do about the situation, harmlessly', () => {
    const text = planMarkdown({
      ...story,
      problems: [{ input: 'task-definition', message: 'has no <container> "web"; @octocat knows' }],
      situation: [{ message: 'alarms fire:\nhigh: 3 > 2', next: 'Mend it.' }],
      remarks: [{ level: 'warning', text: 'the image `a:latest` moves' }],
    });
    expect(text).toContain('- `task-definition`: has no \\<container\\> "web"; @<!-- -->octocat knows');
    expect(text).toContain('- alarms fire:<br>high: 3 \\> 2<br>Mend it.');
    expect(text).toContain('- the image \\`a:latest\\` moves');
  });

  it('tells no rollout where the service cannot be looked at, nor where nothing changes', () => {
    const { forecast: _, ...blind } = story;
    expect(planMarkdown(blind)).not.toContain('The rollout');
    const difference = { changed: false, markdown: '', from: 'web:1' };
    expect(planMarkdown({ ...story, difference })).not.toContain('The rollout');
  });
});
