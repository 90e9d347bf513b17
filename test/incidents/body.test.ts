import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commentBody, issueBody, readTold, tell } from '../../src/incidents/body.ts';
import type { Incident } from '../../src/incidents/incident.ts';
import { ROLLED_BACK } from './incidents.ts';

const bodyOf = (incident: Incident): string => {
  const { entry, head, details } = tell(incident);
  return issueBody(incident.subject, { head, first: entry, details, all: [] });
};

/** What GitHub takes: https://github.com/orgs/community/discussions/27190 */
const LIMIT = 65_536;

test('a whole incident reads well', async () => {
  // Readers of the README look at it, too.
  await expect(bodyOf(ROLLED_BACK)).toMatchFileSnapshot('../../actions/incident/example.md');
});

test('the account of the service stands nowhere, however it was written', () => {
  const reason =
    'https://sqs.eu-west-1.amazonaws.com/123456789012/orders and arn:aws:iam::999999999999:role/x';
  const lines = [
    { at: 0, text: 'acct_123456789012 arn%3Aaws%3Aecs%3Aeu-west-1%3A123456789012%3A 1234567890123' },
  ];
  const text = bodyOf({ ...ROLLED_BACK, reason, logs: [{ task: '1', container: 'web', lines }] });
  expect(text).not.toMatch(/(?<!\d)(123456789012|999999999999)(?!\d)/);
  expect(text).toContain('ACCOUNT-2');
  expect(text).toContain('acct_ACCOUNT');
  expect(text).toContain('1234567890123');
});

describe('the five lines at the top', () => {
  const head = (change: Partial<Incident>) => tell({ ...ROLLED_BACK, ...change }).head;
  const production = ROLLED_BACK.production;
  const line = (text: string, title: string) =>
    text.split('\n').find((each) => each.startsWith(`- **${title}:**`)) ?? '';

  test('are five, whatever is known', () => {
    expect(head({}).split('\n')).toHaveLength(5);
    const bare = head({
      reason: '',
      failed: undefined,
      good: undefined,
      production: undefined,
      impact: undefined,
      backAt: undefined,
      environment: undefined,
      runbookUrl: undefined,
    });
    expect(bare.split('\n')).toHaveLength(5);
    expect(bare).not.toMatch(/undefined|NaN/);
  });

  test('say that the bad release still runs, and what to do now', () => {
    const text = head({
      outcome: 'rollback-failed',
      production: production && { ...production, runs: 'web:2', share: undefined },
    });
    expect(line(text, 'Production now')).toMatch(/⛔.*\*\*still runs\*\* `web:2`/);
    expect(line(text, 'Do next')).toContain(
      '**bring the service back by hand now** (step 2 below), to `web:1`',
    );
  });

  test('say that users still have the bad release, where it still runs', () => {
    const runs = production && { ...production, runs: 'web:2', share: undefined };
    expect(line(head({ outcome: 'failed', production: runs }), 'Users')).toContain(
      'up to 50% of the traffic for more than 3m19s, **and still**',
    );
    expect(line(head({ outcome: 'failed', production: runs, impact: undefined }), 'Users')).toContain(
      'they still have it',
    );
    expect(line(head({}), 'Users')).not.toContain('still');
  });

  test('tell a reason of many lines in few words, with what came last', () => {
    const task = (id: number) => `task ${id} stopped; EssentialContainerExited; web: exit code 137`;
    const tasks = [1, 2, 3, 4, 5, 6].map(task).join('\n');
    const reason = `crashes = 0: 6; ${tasks}; and it could not be rolled back: denied`;
    const why = line(head({ reason }), 'Why');
    expect(why).toContain(`6; ${task(1)}; (4 lines left out); ${task(6)}; and it could not be rolled back`);
    expect(line(head({ reason: 'one\ntwo\n\nthree' }), 'Why')).toBe('- **Why:** one; two; three.');
  });

  test('say that the bad release still has traffic', () => {
    const text = head({ production: production && { ...production, share: 5 } });
    expect(line(text, 'Production now')).toContain('**the bad release still has 5% of the traffic**');
    expect(line(text, 'Do next')).toContain('see whether the service recovers');
  });

  test('ask for a look where nobody has looked, and do not call production sound', () => {
    const text = head({ production: undefined });
    expect(line(text, 'Production now')).toContain('Nobody has looked');
    expect(line(text, 'Do next')).toContain(
      'see whether production is sound (step 1 below): nobody has looked',
    );
    expect(line(text, 'Do next')).not.toContain('nothing is urgent');
  });

  test('say that tasks are missing', () => {
    const text = head({ production: production && { ...production, running: 2 } });
    expect(line(text, 'Production now')).toContain('⚠️ `web` in `prod` runs `web:1`, 2 of 4 tasks');
  });

  test('do not say when it was decided, where that is not known', () => {
    const what = (atIs: Incident['atIs']) => line(head({ atIs, backAt: undefined }), 'What happened');
    expect(what('about')).toContain('was rolled back in production, decided about 2026-01-05 12:13:52 UTC.');
    expect(what('told')).toContain(
      'was rolled back in production, when is not known; told 2026-01-05 12:13:52 UTC.',
    );
  });

  test('say that somebody else has deployed meanwhile', () => {
    const text = head({ outcome: 'superseded', production: production && { ...production, runs: 'web:3' } });
    expect(line(text, 'Do next')).toContain('see whether `web:3` is sound');
  });

  test('say that it was found bad and nobody has rolled it back', () => {
    const text = head({ outcome: 'failed' });
    expect(line(text, 'What happened')).toContain('was found bad, and was not rolled back');
    expect(line(text, 'Do next')).toContain('**decide now:**');
  });

  test('say that the database stands against the former revision', () => {
    const text = head({ migrations: { compatible: false, text: 'web:1 may not work with the database' } });
    expect(line(text, 'Do next')).toContain('Look at the database first');
  });
});

/** Pieces of Markdown and of GitHub's own syntax that must not come through. */
const hostile = fc.array(
  fc.constantFrom(
    '@octocat',
    'fixes #1',
    'GH-2',
    'org/web#3',
    '<b>',
    '<!--',
    '-->',
    '```',
    '~~~',
    '`',
    '|',
    '\n',
    '\r',
    '\n# Title',
    '![x](https://evil.example/x)',
    '[x](javascript:x)',
    'https://github.com/org/web/issues/4',
    'www.evil.example',
    '</details>',
    '<!-- deploy-actions incident-details -->',
    '<!-- deploy-actions incident-entry run=9 at=9 outcome=failed x -->',
    '\u202e',
    '\0',
    '::error::x',
    'word ',
  ),
  { maxLength: 30 },
);

/** What is left to be read as Markdown: no code, and none of our own HTML comments. */
const outsideOfCode = (markdown: string): string =>
  markdown
    .replaceAll(/^( *)(`{3,}).*\n[\s\S]*?^\1\2$/gm, '')
    .replaceAll(/(?<!\\|`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
    .replaceAll(
      /^<!-- deploy-actions incident(-history|-details|-entry run=\d+ at=\d+ outcome=[a-z-]+ [\w%.!~*'()-]+| [\w%/.-]+) -->$/gm,
      '',
    );

test('no text of others is rendered, mentions anybody or refers to anything', () => {
  fc.assert(
    fc.property(hostile, hostile, (one, two) => {
      const [text, name] = [one.join(''), two.join('')];
      const body = bodyOf({
        ...ROLLED_BACK,
        reason: text,
        environment: name,
        failed: `web${name}`,
        timeline: [{ at: 0, text }],
        gates: [{ gate: name, verdict: 'fail', text, warnOnly: false }],
        stops: ROLLED_BACK.stops.map((stop) => ({ ...stop, reason: text })),
        events: [text],
        logs: [{ task: name, container: name, lines: [{ at: 0, text }] }],
        migrations: { compatible: false, text },
        restoreCommands: text,
        commits: ROLLED_BACK.commits && {
          ...ROLLED_BACK.commits,
          newest: [{ sha: 'abc', subject: text, author: name, pullRequest: undefined }],
        },
        run: { ...ROLLED_BACK.run, workflow: name, actor: name },
        unknown: [text],
      });
      const rest = outsideOfCode(body);
      expect(rest).not.toMatch(
        /@octocat|fixes #1|#3|(?<!\w)GH-2|<b>|https:\/\/evil|(?<!\\)\]\(javascript|(?<!\w)www\.evil/,
      );
      expect(rest).not.toContain('https://github.com/org/web/issues/4');
      expect(rest).not.toMatch(/^# Title/m);
      expect(body).not.toMatch(/\p{Bidi_Control}|\0/u);
      // What is written is found again by a later run.
      expect(readTold(body)).toMatchObject({ entry: { run: 1001, outcome: 'rolled-back' } });
    }),
    { numRuns: 60 },
  );
});

describe('what does not fit', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ at: index, text: `line ${index} ${'@'.repeat(400)}` }));
  const huge: Incident = {
    ...ROLLED_BACK,
    reason: '@#'.repeat(40_000),
    timeline: lines(2_000),
    gates: lines(50).map(({ text }) => ({ gate: text, verdict: 'fail', text, warnOnly: false })),
    events: lines(200).map(({ text }) => text),
    logs: Array.from({ length: 5 }, (_, task) => ({
      task: String(task),
      container: 'web',
      lines: lines(20),
    })),
    stops: Array.from({ length: 50 }, () => ROLLED_BACK.stops).flat(),
    unknown: lines(100).map(({ text }) => text),
  };

  test('is cut where it matters least, with a word about the rest', () => {
    const body = bodyOf(huge);
    expect(body.length).toBeLessThan(LIMIT - 20_000);
    expect(body).toContain('There was more than fits here; it stands in the summary of [the run]');
    expect(body).toContain('### Next steps');
    expect(body).toContain('### Timeline');
    expect(body.match(/^```/gm)?.length ?? 0).toBe((body.match(/^```$/gm)?.length ?? 0) * 2);
    expect(tell(huge).whole).toContain('line 1999');
  });

  test('leaves room for a list of many later ones', () => {
    const { entry, head, details } = tell(huge);
    const all = Array.from({ length: 100 }, (_, run) => ({
      entry: { ...entry, run },
      url: `https://github.com/org/web/issues/40#issuecomment-${run}`,
    }));
    const body = issueBody(huge.subject, { head, first: entry, details, all });
    expect(body.length).toBeLessThan(LIMIT);
    expect(body).toContain('and 80 more');
    expect(commentBody(tell(huge)).length).toBeLessThan(LIMIT);
  });

  test('of restore commands is left out as a whole: half of them would be worse than none', () => {
    const { details } = tell({ ...ROLLED_BACK, restoreCommands: 'aws rds\n'.repeat(5_000) });
    expect(details).toContain('too long for an issue');
    expect(details).not.toContain('aws rds\n');
  });
});

test('an account has the same word everywhere, and stands nowhere', () => {
  const { head, details, whole, entry } = tell({
    ...ROLLED_BACK,
    account: '222222222222',
    reason: 'arn:aws:ecs:eu-west-1:222222222222:cluster/prod',
    events: ['arn:aws:ecs:eu-west-1:222222222222:task/1 and arn:aws:ecs:eu-west-1:123456789012:task/1'],
  });
  expect(head).toContain('arn:aws:ecs:eu-west-1:ACCOUNT:cluster');
  expect(details).toContain('arn:aws:ecs:eu-west-1:ACCOUNT:task/1');
  expect(`${head}${details}${whole}${JSON.stringify(entry)}`).not.toMatch(/222222222222|123456789012/);
});
