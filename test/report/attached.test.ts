import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attached, withReports } from '../../src/report/attached.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('a report of others', () => {
  it('stays Markdown', () => {
    const text =
      '## Scan\n\n| a | b |\n| --- | --- |\n| **x** | [y](https://example.com/#1) |\n\n```\ncode\n```';
    expect(attached(`\r\n${text.replaceAll('\n', '\r\n')}\n`)).toBe(text);
  });

  it.each([
    ['ask @someone', 'ask @\u200bsomeone'],
    ['ask @org/team and a@b.example', 'ask @\u200borg/team and a@\u200bb.example'],
    ['&#64;someone, &#0064someone', '&#64;\u200bsomeone, &#64;\u200bsomeone'],
    ['&#x40;someone &commat;someone', '&#64;\u200bsomeone &#64;\u200bsomeone'],
    ['\\@someone', '\\@\u200bsomeone'],
    ['`npm i @angular/core`', '`npm i @\u200bangular/core`'],
    ['already @<!-- -->someone', 'already @<!-- -->someone'],
    [`ecr:shop@${DIGEST}`, `ecr:shop@${DIGEST}`],
    [`@${DIGEST}`, `@\u200b${DIGEST}`],
  ])('mentions nobody: %j', (text, written) => {
    expect(attached(text)).toBe(written);
  });

  it.each([
    ['<!-- deploy-actions plan prod%2Fweb run=9 -->', '&lt;!-- deploy-actions plan prod%2Fweb run=9 -->'],
    ['a <!-- open', 'a &lt;!-- open'],
    ['<!-- --><!DOCTYPE x>', '<!-- -->&lt;!DOCTYPE x>'],
  ])('hides nothing, and forges no mark of ours: %j', (text, written) => {
    expect(attached(text)).toBe(written);
  });

  it.each([
    ['```sh\nmore', '```sh\nmore\n```'],
    ['~~~~\n```\n~~~', '~~~~\n```\n~~~\n~~~~'],
    ['```\na\n```', '```\na\n```'],
    [
      '<details><summary>a</summary>\n<details>\n</details>',
      '<details><summary>a</summary>\n<details>\n</details>\n</details>',
    ],
    ['<details>\n\n```', '<details>\n\n```\n```\n</details>'],
  ])('leaves nothing open: %j', (text, written) => {
    expect(attached(text)).toBe(written);
  });

  it.each([
    ['<?php', '&lt;?php'],
    ['a <pre>\nb</pre>', 'a &lt;pre>\nb&lt;/pre>'],
    ['<TEXTAREA\nrows=1>', '&lt;TEXTAREA\nrows=1>'],
    ['> <script>', '> &lt;script>'],
    ['<style>', '&lt;style>'],
    ['<![CDATA[ a', '&lt;![CDATA[ a'],
    ['<plaintext/>', '&lt;plaintext/>'],
    ['<div title="', '&lt;div title="'],
    ["<div>\na <a href='x>", "<div>\na &lt;a href='x>"],
    ['<details', '&lt;details'],
    ['<a href="x" title=\'y\'\nhidden>z</a><br/>', '<a href="x" title=\'y\'\nhidden>z</a><br/>'],
    ['<https://example.com/?a=1&b="> a < b', '<https://example.com/?a=1&b="> a < b'],
    ['<b>bold</b> <preface> <style-guide>', '<b>bold</b> <preface> <style-guide>'],
  ])('opens no HTML that would take in what stands below it: %j', (text, written) => {
    expect(attached(text)).toBe(written);
  });

  it('comes out the same when it is made harmless again', () => {
    const piece = fc.constantFrom(
      '@',
      '&#64;',
      '<!--',
      ' -->',
      '```',
      '\n',
      '<details>',
      '</details>',
      '<',
      'pre>',
      '<a b="',
      '">',
      '<?',
      'a',
      '`',
      '> ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = attached(pieces.join(''));
        expect(attached(once)).toBe(once);
        expect(once).not.toMatch(/@(?!\u200b|<!-- -->)/);
        expect(once).not.toMatch(/<(\?|!(?!-- -->)|pre)/);
      }),
    );
  });
});

const CUT = { plan: '**The plan is cut.**', report: '**The report is cut.**' };
const lines = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `- ${name} ${n}`).join('\n');

describe('a plan with reports', () => {
  it('has them below it', () => {
    expect(withReports('plan', ['one', '', 'two'])).toBe('plan\n\n---\n\none\n\n---\n\ntwo');
    expect(withReports('plan', [])).toBe('plan');
  });

  it('stands whole where there is too much; a short report does too, and a long one is cut', () => {
    const plan = lines('plan', 100);
    const text = withReports(plan, [lines('long', 2_000), 'short'], 5_000, CUT);
    expect(text.length).toBeLessThanOrEqual(5_000);
    expect(text.startsWith(`${plan}\n\n---\n\n- long 0\n`)).toBe(true);
    expect(text).toMatch(/- long \d+\n\n\*\*The report is cut\.\*\*\n\n---\n\nshort$/);
  });

  it('tells of reports for which there is no room', () => {
    const plan = lines('plan', 100);
    const text = withReports(plan, [lines('long', 2_000)], plan.length + 300, CUT);
    expect(text).toBe(`${plan}\n\n---\n\n${CUT.report}`);
  });

  it('closes the code in which a report is cut', () => {
    const text = withReports('plan', [attached(`\`\`\`\n${lines('code', 2_000)}`), 'short'], 3_000, CUT);
    expect(text).toMatch(/- code \d+\n```\n\n\*\*The report is cut\.\*\*\n\n---\n\nshort$/);
  });

  it('leaves no tag open where a report is cut', () => {
    const long = attached(`<div title="${lines('title', 2_000)}">`);
    expect(withReports('plan', [long, 'short'], 3_000, CUT)).toContain('&lt;div title="- title 0\n');
  });

  it('never has more characters than there is room for', () => {
    const report = fc.string({ maxLength: 3_000 });
    fc.assert(
      fc.property(
        report,
        fc.array(report, { maxLength: 4 }),
        fc.integer({ min: 100, max: 4_000 }),
        (plan, reports, limit) => {
          expect(withReports(plan, reports, limit, CUT).length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });
});
