import { isList, isObject, type Json, type JsonObject } from '../taskdef/definition.ts';

/** More deployments than these make a graph unreadable. */
export const KEPT = 20;

/** A line down through the graphs: something that happened then. */
export interface Annotation {
  readonly label: string;
  /** ms since the epoch. */
  readonly at: number;
}

/** As a dashboard's body has it: a mapping, or two of them where it is a stretch of time. */
type Vertical = Json;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const written = ({ label, at }: Annotation): JsonObject => ({
  label,
  value: new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
});

const isMetric = (widget: Json): widget is JsonObject => isObject(widget) && widget['type'] === 'metric';

const widgetsOf = (body: JsonObject): readonly Json[] => {
  const { widgets } = body;
  return widgets !== undefined && isList(widgets) ? widgets : [];
};

function verticalOf(widget: JsonObject): readonly Vertical[] {
  const { properties } = widget;
  const annotations =
    properties !== undefined && isObject(properties) ? properties['annotations'] : undefined;
  const vertical = annotations !== undefined && isObject(annotations) ? annotations['vertical'] : undefined;
  return vertical !== undefined && isList(vertical) ? vertical : [];
}

const labelOf = (vertical: Vertical): unknown =>
  isObject(vertical) ? vertical['label'] : isList(vertical) ? labelOf(vertical[0] ?? null) : undefined;

const timeOf = (vertical: Vertical): number => {
  const first = isList(vertical) ? (vertical[0] ?? null) : vertical;
  const value = isObject(first) ? first['value'] : undefined;
  return typeof value === 'string' ? Date.parse(value) || 0 : 0;
};

/** Every vertical annotation of a dashboard, oldest first, each once. */
export function annotationsOf(body: JsonObject): readonly Vertical[] {
  const all = widgetsOf(body).filter(isMetric).flatMap(verticalOf);
  const distinct = new Map(all.map((each) => [JSON.stringify(each), each]));
  return [...distinct.values()].toSorted((a, b) => timeOf(a) - timeOf(b));
}

/** Whether a dashboard has an annotation of this label on every graph. */
export const isAnnotated = (body: JsonObject, { label }: Annotation): boolean =>
  widgetsOf(body)
    .filter(isMetric)
    .every((widget) => verticalOf(widget).some((each) => labelOf(each) === label));

/** The same dashboard with these annotations on all of its graphs, the newest of them. */
export function withAnnotations(body: JsonObject, vertical: readonly Vertical[]): JsonObject {
  const kept = vertical.slice(-KEPT);
  return mapGraphs(body, () => kept);
}

/**
 * The same dashboard with one annotation more on each of its graphs, which keeps its others as far as there is room. One
 * of the same label is there already: it stays as it is.
 */
export function annotated(body: JsonObject, annotation: Annotation): JsonObject {
  const known = annotationsOf(body).find((each) => labelOf(each) === annotation.label);
  return mapGraphs(body, (vertical) => {
    if (vertical.some((each) => labelOf(each) === annotation.label)) return vertical;
    const all = [...vertical, known ?? written(annotation)];
    return all.toSorted((a, b) => timeOf(a) - timeOf(b)).slice(-KEPT);
  });
}

function mapGraphs(
  body: JsonObject,
  change: (vertical: readonly Vertical[]) => readonly Vertical[],
): JsonObject {
  const widgets = widgetsOf(body).map((widget): Json => {
    if (!isMetric(widget)) return widget;
    const { properties } = widget;
    const inner = properties !== undefined && isObject(properties) ? properties : {};
    const annotations = inner['annotations'];
    return {
      ...widget,
      properties: {
        ...inner,
        annotations: {
          ...(annotations !== undefined && isObject(annotations) ? annotations : {}),
          vertical: [...change(verticalOf(widget))],
        },
      },
    };
  });
  return { ...body, widgets };
}
