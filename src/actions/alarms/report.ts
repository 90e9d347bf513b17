import { alarmUrl, dashboardUrl } from '../../alarms/console.ts';
import { alarmPrefix } from '../../alarms/names.ts';
import type { WatchedService } from '../../alarms/wanted.ts';
import type { Reporter } from '../../ports.ts';
import { codeSpan, literal } from '../../report/markdown.ts';
import type { DashboardPlan, Plan } from './observe.ts';

type What = 'created' | 'changed' | 'unchanged' | 'deleted';

interface Row {
  /** In full. */
  readonly name: string;
  readonly word: string;
  readonly bound: string;
  readonly what: What;
  readonly why: string;
  readonly state: string;
}

/** What becomes of the alarms and the dashboard of a service, for the log, the summary and the outputs. */
export class Report {
  readonly #service: WatchedService;
  readonly #rows: readonly Row[];
  readonly #dashboard: DashboardPlan;
  readonly #annotation: string | undefined;

  constructor(
    { wanted, known, alarms, dashboard }: Plan,
    service: WatchedService,
    annotation: string | undefined,
  ) {
    this.#service = service;
    this.#dashboard = dashboard;
    this.#annotation = annotation;
    const stateOf = (name: string) => known.find((alarm) => alarm.name === name)?.state ?? '';
    const rows = wanted.map(({ settings: { name }, word, bound }): Row => {
      const step = alarms.steps.find((each) => 'settings' in each && each.settings.name === name);
      const what = step === undefined ? 'unchanged' : step.kind === 'create' ? 'created' : 'changed';
      const why = step?.kind === 'change' ? step.why.join(', ') : '';
      return { name, word, bound, what, why, state: stateOf(name) };
    });
    const gone = alarms.steps.flatMap((step): Row[] => {
      if (step.kind !== 'delete') return [];
      const word = step.name.slice(alarmPrefix(service).length);
      return [{ name: step.name, word, bound: '', what: 'deleted', why: '', state: stateOf(step.name) }];
    });
    this.#rows = [...rows, ...gone];
  }

  #names(...whats: readonly What[]): string {
    return this.#rows
      .filter(({ what }) => whats.includes(what))
      .map(({ name }) => name)
      .join('\n');
  }

  get isChange(): boolean {
    return (
      this.#rows.some(({ what }) => what !== 'unchanged') ||
      !['unchanged', 'none'].includes(this.#dashboard.kind)
    );
  }

  get #dashboardUrl(): string | undefined {
    const { kind, name } = this.#dashboard;
    return kind === 'none' || kind === 'delete' ? undefined : dashboardUrl(this.#service, name);
  }

  /** In a sentence. */
  get reason(): string {
    const count = (what: What) => this.#rows.filter((row) => row.what === what).length;
    const counts = (['created', 'changed', 'deleted', 'unchanged'] as const)
      .filter((what) => count(what) > 0)
      .map((what) => `${count(what)} ${what}`);
    const alarms = this.#rows.length === 0 ? [] : [`alarms: ${counts.join(', ')}`];
    const { kind } = this.#dashboard;
    const words = {
      create: 'created',
      change: 'changed',
      annotate: 'marked',
      delete: 'deleted',
      unchanged: 'unchanged',
      none: '',
    };
    const dashboard = kind === 'none' ? [] : [`dashboard ${words[kind]}`];
    return [...alarms, ...dashboard].join('; ') || 'nothing was asked for';
  }

  say(reporter: Pick<Reporter, 'info'>): void {
    const signs = { created: '+', changed: '~', deleted: '-', unchanged: '=' };
    for (const { what, word, bound, why, state } of this.#rows) {
      const more = [why, what === 'unchanged' ? state : ''].filter((part) => part !== '').join(', ');
      reporter.info(
        `${signs[what]} ${word}${bound === '' ? '' : ` ${bound}`}${more === '' ? '' : `  (${more})`}`,
      );
    }
    if (this.#dashboardUrl !== undefined) reporter.info(`Dashboard: ${this.#dashboardUrl}`);
  }

  outputs(reporter: Pick<Reporter, 'output'>, outcome: string): void {
    reporter.output('outcome', outcome);
    reporter.output('reason', this.reason);
    reporter.output('alarms', this.#names('created', 'changed', 'unchanged'));
    reporter.output('dashboard-url', this.#dashboardUrl ?? '');
    for (const what of ['created', 'changed', 'deleted'] as const) reporter.output(what, this.#names(what));
  }

  summary(title: string, notes: readonly string[]): string {
    const rows = this.#rows.map(({ name, word, bound, what, why, state }) => {
      const linked =
        what === 'deleted' ? codeSpan(word) : `[${codeSpan(word)}](${alarmUrl(this.#service, name)})`;
      const more = why === '' ? what : `${what}: ${literal(why)}`;
      return `| ${linked} | ${literal(bound)} | ${more} | ${state} |`;
    });
    const table =
      rows.length === 0 ? [] : ['| Alarm | Bound | | State before |', '| --- | --- | --- | --- |', ...rows];
    const url = this.#dashboardUrl;
    const mark = this.#annotation === undefined ? '' : `, marked ${codeSpan(this.#annotation)}`;
    return [
      `## ${literal(title)}`,
      '',
      ...table,
      ...(url === undefined ? [] : ['', `[Dashboard](${url})${mark}`]),
      ...notes.flatMap((note) => ['', literal(note)]),
      '',
    ].join('\n');
  }
}
