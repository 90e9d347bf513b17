import { describe, expect, it } from 'vitest';
import {
  annotated,
  annotationsOf,
  isAnnotated,
  KEPT,
  withAnnotations,
} from '../../src/alarms/annotations.ts';
import type { Json, JsonObject } from '../../src/taskdef/definition.ts';

const T = Date.UTC(2026, 0, 5, 12);
const graph = (vertical: readonly Json[] = []): JsonObject => ({
  type: 'metric',
  properties: { title: 'a', annotations: { horizontal: [{ value: 1 }], vertical: [...vertical] } },
});
const at = (label: string, minute: number): JsonObject & { value: string } => ({
  label,
  value: new Date(T + minute * 60_000).toISOString().replace('.000', ''),
});

describe('an annotation', () => {
  it('is on every graph, once, beside what is there', () => {
    const body = { widgets: [{ type: 'text', properties: {} }, graph([at('mine', 1)]), graph()] };
    const once = annotated(body, { label: 'v2', at: T + 120_000 });
    expect(once).toEqual({
      widgets: [{ type: 'text', properties: {} }, graph([at('mine', 1), at('v2', 2)]), graph([at('v2', 2)])],
    });
    expect(annotated(once, { label: 'v2', at: T + 300_000 })).toEqual(once);
    expect(isAnnotated(once, { label: 'v2', at: 0 })).toBe(true);
    expect(isAnnotated(body, { label: 'v2', at: 0 })).toBe(false);
  });

  it('on some graphs alone comes to the others with its own time', () => {
    const half = { widgets: [graph([at('v2', 2)]), graph()] };
    expect(annotated(half, { label: 'v2', at: T })).toEqual({
      widgets: [graph([at('v2', 2)]), graph([at('v2', 2)])],
    });
  });

  it('of the oldest goes where there are too many', () => {
    const many = Array.from({ length: KEPT }, (_, index) => at(`v${index}`, index));
    const body = annotated({ widgets: [graph(many)] }, { label: 'new', at: T + 3_600_000 });
    expect(annotationsOf(body)).toEqual([...many.slice(1), at('new', 60)]);
  });

  it('stays when the dashboard is made anew, a stretch of time too', () => {
    const stretch = [at('from', 3), { value: at('', 5).value }];
    const old = { widgets: [graph([at('v2', 4)]), graph([at('v1', 1), stretch, at('v2', 4)])] };
    const kept = withAnnotations({ widgets: [graph()] }, annotationsOf(old));
    expect(kept).toEqual({ widgets: [graph([at('v1', 1), stretch, at('v2', 4)])] });
  });
});
