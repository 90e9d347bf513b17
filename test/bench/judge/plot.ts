import { type Canary, describeUsual, type Kind, RATES } from './cells.ts';
import { NAMES, type Name, OWN } from './contestants.ts';
import { counterpart, falseRollbacks, healthy, type Result } from './results.ts';
import { minutesToCatch } from './tally.ts';

interface Style {
  readonly colour: string;
  /** Where its points stand beside those of the others for one traffic. */
  readonly place: number;
}

/** Colours that the colour-blind can tell apart (M. Okabe, K. Ito 2008); ours are the blue ones, and thicker. */
const STYLES: Readonly<Record<Name, Style>> = {
  ours: { colour: '#0072b2', place: 0 },
  'ours, until-confident': { colour: '#56b4e9', place: 1 },
  'fixed thresholds': { colour: '#e69f00', place: -1 },
  Flagger: { colour: '#009e73', place: -2 },
  'Argo Rollouts': { colour: '#cc79a7', place: 2 },
  Kayenta: { colour: '#d55e00', place: 3 },
  'CloudWatch alarm': { colour: '#000000', place: -3 },
};

/** Where a panel lies, in pixels, and what its heights mean. */
interface Panel {
  readonly left: number;
  readonly title: readonly [string, string];
  readonly axis: string;
  /** Logarithmic between these values. */
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly (readonly [value: number, label: string])[];
}

const [WIDTH, HEIGHT] = [1000, 560];
const PANEL = { width: 375, top: 80, bottom: 400 } as const;
/** The judges' points for one traffic stand side by side. */
const ASIDE = 8;
/** Above the axis: for what never happens. */
const NEVER = { top: 58, bottom: 78 } as const;
const SHOWN: { readonly kind: Kind; readonly usual: number; readonly canary: Canary } = {
  kind: 'errors',
  usual: 0.005,
  canary: '4x',
};
/** Percent of false rollbacks that ours promises at most, and of which fewer are drawn as none. */
const [PROMISED, NONE] = [1, 0.05];
/** Ours last, so that they are not hidden. */
const IN_ORDER = NAMES.toReversed();

/** The figures at a glance, as an SVG image. */
export function plot(results: readonly Result[], runs: number): string {
  const left: Panel = {
    left: 80,
    title: ['Healthy releases taken back', 'the worst of all usual rates, of errors, slow and bursts'],
    axis: 'healthy releases taken back (%)',
    from: NONE,
    to: 100,
    ticks: [
      [NONE, '0'],
      [0.1, '0.1'],
      [1, '1'],
      [10, '10'],
      [100, '100'],
    ],
  };
  const right: Panel = {
    left: 600,
    title: [
      `${SHOWN.canary.replace('x', ' times')} the usual ${describeUsual(SHOWN.usual)} of errors`,
      'median; pale: takes more than 1% of healthy ones back',
    ],
    axis: 'minutes of canary traffic until taken back',
    from: 1,
    to: 45,
    ticks: [1, 2, 5, 10, 20, 45].map((value) => [value, String(value)]),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222222">`,
    `<title>How often judges take healthy releases back, and how soon they take a regression back</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...frame(left),
    ...promised(left),
    ...IN_ORDER.flatMap((name) => curve(left, name, falseRollbacksByRate(results, name))),
    ...frame(right),
    `<line x1="${right.left}" y1="${PANEL.top}" x2="${right.left + PANEL.width}" y2="${PANEL.top}" stroke="#999999" stroke-dasharray="1 3"/>`,
    text(right.left - 8, (NEVER.top + NEVER.bottom) / 2 + 4, 'promoted', 'end'),
    ...bound(right, results),
    ...IN_ORDER.flatMap((name) => curve(right, name, minutesByRate(results, name))),
    ...legend(runs),
    '</svg>',
    '',
  ].join('\n');
}

interface Point {
  readonly value: number;
  /** Not worth much, for the judge takes too many healthy releases back there. */
  readonly pale: boolean;
}

const falseRollbacksByRate = (results: readonly Result[], name: Name): readonly Point[] =>
  RATES.map((rate) => {
    const ofRate = healthy(results).filter(({ cell }) => cell.rate === rate);
    return { value: 100 * Math.max(...ofRate.map((result) => falseRollbacks(result, name))), pale: false };
  });

const shown = (results: readonly Result[]): readonly Result[] =>
  RATES.flatMap((rate) =>
    results.filter(
      ({ cell }) =>
        cell.rate === rate &&
        cell.kind === SHOWN.kind &&
        cell.usual === SHOWN.usual &&
        cell.canary === SHOWN.canary,
    ),
  );

const minutesByRate = (results: readonly Result[], name: Name): readonly Point[] =>
  shown(results).map((result) => ({
    value: minutesToCatch(result.judges[name]),
    pale: 100 * falseRollbacks(counterpart(results, result), name) > PROMISED,
  }));

function frame({ left, title, axis, from, to, ticks }: Panel): readonly string[] {
  const { width, top, bottom } = PANEL;
  const middle = (top + bottom) / 2;
  return [
    text(left, 24, title[0], 'start', 'font-size="16" font-weight="bold"'),
    text(left, 43, title[1], 'start', 'fill="#555555"'),
    ...ticks.flatMap(([value, label]) => {
      const y = heightOf(value, from, to);
      return [
        `<line x1="${left}" y1="${y}" x2="${left + width}" y2="${y}" stroke="#e3e3e3"/>`,
        text(left - 8, y + 4, label, 'end'),
      ];
    }),
    ...RATES.map((rate, index) =>
      text(placeOf(left, index), bottom + 20, rate.toLocaleString('en-US'), 'middle'),
    ),
    text(left + width / 2, bottom + 42, 'requests/s of the service', 'middle'),
    text(left - 48, middle, axis, 'middle', `transform="rotate(-90 ${left - 48} ${middle})"`),
    `<path d="M${left} ${top}V${bottom}H${left + width}" fill="none" stroke="#222222"/>`,
  ];
}

/** The traffic grows tenfold from one place to the next. */
const placeOf = (left: number, index: number): number =>
  left + 45 + (index * (PANEL.width - 90)) / (RATES.length - 1);

function heightOf(value: number, from: number, to: number): number {
  if (value === Number.POSITIVE_INFINITY) return (NEVER.top + NEVER.bottom) / 2;
  const part = Math.log(Math.max(value, from) / from) / Math.log(to / from);
  return round(PANEL.bottom - part * (PANEL.bottom - PANEL.top));
}

/** What ours promises at most. */
function promised({ left, from, to }: Panel): readonly string[] {
  const y = heightOf(PROMISED, from, to);
  return [
    `<line x1="${left}" y1="${y}" x2="${left + PANEL.width}" y2="${y}" stroke="#222222" stroke-dasharray="6 4"/>`,
    text(left + PANEL.width + 6, y + 4, 'promised', 'start', 'font-size="12"'),
  ];
}

/** Judges look once a minute, so Wald's bound is rounded up. */
function bound({ left, from, to }: Panel, results: readonly Result[]): readonly string[] {
  const points = shown(results).flatMap(({ optimum }, index) =>
    optimum === Number.POSITIVE_INFINITY
      ? []
      : [`${placeOf(left, index)},${heightOf(Math.ceil(optimum), from, to)}`],
  );
  return [
    `<polyline points="${points.join(' ')}" fill="none" stroke="#222222" stroke-width="1.5" stroke-dasharray="6 4"/>`,
  ];
}

/** A line through the points; one that never happens is a point of its own, above the axis. */
function curve({ left, from, to }: Panel, name: Name, values: readonly Point[]): readonly string[] {
  const aside = STYLES[name].place * ASIDE;
  const points = values.map(({ value, pale }, index) => ({
    x: round(placeOf(left, index) + aside),
    y: heightOf(value, from, to),
    never: value === Number.POSITIVE_INFINITY,
    pale,
  }));
  const lines = points.slice(1).flatMap((point, index) => {
    const before = points[index];
    if (!before || before.never || point.never) return [];
    const ends = `x1="${before.x}" y1="${before.y}" x2="${point.x}" y2="${point.y}"`;
    return [`<line ${ends} ${strokeOf(name)}${opacity(before.pale || point.pale)}/>`];
  });
  return [...lines, ...points.map(({ x, y, pale }) => `<g${opacity(pale)}>${marker(name, x, y)}</g>`)];
}

const opacity = (pale: boolean): string => (pale ? ' opacity="0.3"' : '');

const strokeOf = (name: Name): string =>
  `stroke="${STYLES[name].colour}" stroke-width="${OWN.includes(name) ? 3 : 1.5}"`;

/** Each judge has a shape of its own, too. */
function marker(name: Name, x: number, y: number): string {
  const fill = `fill="${STYLES[name].colour}" stroke="#ffffff"`;
  const path = (d: string): string => `<path d="M${x} ${y}${d}" ${fill}/>`;
  switch (name) {
    case 'ours':
      return `<circle cx="${x}" cy="${y}" r="6" ${fill}/>`;
    case 'ours, until-confident':
      return `<circle cx="${x}" cy="${y}" r="4" fill="#ffffff" ${strokeOf(name)}/>`;
    case 'fixed thresholds':
      return path('m-5 -5h10v10h-10z');
    case 'Flagger':
      return path('m0 -6l6 10h-12z');
    case 'Argo Rollouts':
      return path('m0 6l6 -10h-12z');
    case 'Kayenta':
      return path('m0 -6l6 6l-6 6l-6 -6z');
    case 'CloudWatch alarm':
      return path('m-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4z');
  }
}

function legend(runs: number): readonly string[] {
  const top = HEIGHT - 84;
  const entries = NAMES.flatMap((name, index) => {
    const x = 80 + (index % 4) * 220;
    const y = top + Math.floor(index / 4) * 26;
    return [
      `<line x1="${x - 14}" y1="${y}" x2="${x + 14}" y2="${y}" ${strokeOf(name)}/>`,
      marker(name, x, y),
      text(x + 22, y + 4, name, 'start'),
    ];
  });
  const [x, y] = [80 + 3 * 220, top + 26];
  return [
    ...entries,
    `<line x1="${x - 14}" y1="${y}" x2="${x + 14}" y2="${y}" stroke="#222222" stroke-width="1.5" stroke-dasharray="6 4"/>`,
    text(x + 22, y + 4, "optimum (Wald's bound)", 'start'),
    text(
      80 - 14,
      HEIGHT - 20,
      `${runs.toLocaleString('en-US')} simulated rollouts per release. Points of one traffic stand side by side; the optimum is rounded up to whole minutes.`,
      'start',
      'fill="#555555"',
    ),
  ];
}

const text = (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', more = ''): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}"${more && ` ${more}`}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;

const round = (value: number): number => Math.round(value * 10) / 10;
