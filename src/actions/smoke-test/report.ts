import { codeSpan, literal } from '../../report/markdown.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { curlLine } from '../../smoke-test/curl.ts';
import type { HttpAnswer } from '../../smoke-test/exchange.ts';
import { MAX_REDIRECTS } from '../../smoke-test/redirect.ts';
import { hasPassed, type Result } from '../../smoke-test/result.ts';
import type { SafeWords } from '../../smoke-test/safe-words.ts';

type Failed = Extract<Result, { outcome: 'failed' }>;

/** How much of a body is shown: enough for an error page's first words. */
const EXCERPT = 600;

/** Tells results without any secret: in the log, as an output, in the summary. */
export class Report {
  readonly #results: readonly Result[];
  readonly #words: SafeWords;

  constructor(results: readonly Result[], words: SafeWords) {
    this.#results = results;
    this.#words = words;
  }

  get failed(): number {
    return this.#results.filter((result) => !hasPassed(result)).length;
  }

  /** What is wrong, in words that anybody may read. */
  problems(result: Result): readonly string[] {
    if (result.outcome === 'passed') return [];
    if (result.outcome === 'skipped') return [`not made: ${this.#safe(result.why)}`];
    return result.findings.map((finding) => this.#words.sentence(finding, result.hidden));
  }

  /** Everything that helps to find out why a request failed, line by line. */
  details(result: Result): readonly string[] {
    const { request, attempts } = result;
    const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    if (result.outcome === 'passed') return [];
    const title = `✗ ${this.#safe(request.name)} (${this.#target(result)})`;
    if (result.outcome === 'skipped') return [`${title}: not made, because ${this.#safe(result.why)}`];
    const over = result.over === '' ? '' : `; not made again, because ${result.over}`;
    return [
      `${title}: failed after ${times}${over}`,
      ...this.problems(result).map((problem) => `    ${problem}`),
      ...this.#answerLines(result).map((line) => `    ${line}`),
      ...this.#curl(result).map((line) => `    ${line}`),
    ];
  }

  results(): string {
    return JSON.stringify(
      this.#results.map((result) => {
        const { request, attempts, outcome } = result;
        const answer = 'answer' in result ? result.answer : undefined;
        return {
          name: this.#safe(request.name),
          method: request.method,
          url: this.#url(result),
          outcome,
          attempts,
          ...(answer && { status: answer.status, ms: answer.ms }),
          ...(outcome !== 'passed' && { problems: this.problems(result).slice(0, 5) }),
        };
      }),
    );
  }

  /** @param other says that the service runs another revision than the one to be tested */
  summary(service: string | undefined, other?: string): string {
    const failed = this.#results.filter(({ outcome }) => outcome !== 'passed');
    const count = this.#results.length;
    const title =
      other !== undefined
        ? '## ❌ Smoke test: the service runs another revision'
        : failed.length === 0
          ? `## ✅ Smoke test: ${count === 1 ? 'the request' : `all ${count} requests`} passed`
          : `## ❌ Smoke test: ${failed.length} of ${count} requests failed`;
    const rows = this.#results.map((result) => {
      const answer = 'answer' in result ? result.answer : undefined;
      const end = { passed: '✅ passed', failed: '❌ failed', skipped: '⏭️ not made' }[result.outcome];
      const cells = [
        literal(this.#safe(result.request.name)),
        codeSpan(this.#target(result)).replaceAll('|', '\\|'),
        end,
        answer ? String(answer.status) : '',
        answer ? formatDuration(answer.ms) : '',
        String(result.attempts),
      ];
      return `| ${cells.join(' | ')} |`;
    });
    const problems = failed.map((result) => {
      const lines = this.details(result);
      // No run of backticks in a line ends a fence that is longer.
      const longest = Math.max(
        2,
        ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
      );
      const fence = '`'.repeat(longest + 1);
      return [`${fence}text`, ...lines, fence].join('\n');
    });
    return [
      title,
      ...[service, other].flatMap((line) => (line === undefined ? [] : [literal(line)])),
      [
        '| Request | | Outcome | Status | Time | Attempts |',
        '| --- | --- | --- | --- | --- | --- |',
        ...rows,
      ].join('\n'),
      ...problems,
      '',
    ].join('\n\n');
  }

  #target(result: Result): string {
    return `${result.request.method} ${this.#url(result)}`;
  }

  #url(result: Result): string {
    const sent = 'sent' in result ? result.sent : undefined;
    return this.#safe(sent?.url.href ?? result.request.target.text);
  }

  #answerLines({ answer, sent, hidden }: Failed): readonly string[] {
    if (!answer) return [];
    const where = answer.remoteAddress === undefined ? '' : ` from ${answer.remoteAddress}`;
    const type = answer.headers.get('content-type')?.[0] ?? 'no content type';
    const line = `answer: ${answer.status}${where} in ${formatDuration(answer.ms)}, ${this.#safe(type)}`;
    if (sent?.method === 'HEAD' || answer.body === '') return [`${line}, no body`];
    if (hidden) return [line, 'body: not shown, because it may hold the secret that was not found'];
    return [line, `body: ${this.#excerpt(answer)}`];
  }

  #excerpt({ body, cut }: HttpAnswer): string {
    // Cut after secrets are out, or half of one would stand at the end.
    const text = this.#safe(body.slice(0, 100_000)).trim();
    if (text.length <= EXCERPT && !cut) return text;
    return `${text.slice(0, EXCERPT)}… (${cut ? 'more than 1 MiB' : `${body.length} characters`})`;
  }

  #curl({ request, sent }: Failed): readonly string[] {
    if (!sent) return [];
    const settings = {
      timeoutMs: request.requestTimeoutMs,
      redirects: request.followRedirects,
      maxRedirects: MAX_REDIRECTS,
    };
    return [`again: ${curlLine(sent, settings, this.#words.secrets)}`];
  }

  #safe(text: string): string {
    return this.#words.safe(text);
  }
}
