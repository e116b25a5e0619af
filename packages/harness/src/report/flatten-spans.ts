import type { LaneState, TimelineBar } from "./report-data.ts";

/** A state from a time on, in milliseconds since the fault. Without `toMs` it does not end. */
export interface Span {
  readonly state: LaneState;
  readonly fromMs: number;
  readonly toMs?: number | undefined;
}

/** Converts overlapping spans to bars without gaps between two times. Later spans in the list cover earlier ones. Pure. */
export function flattenSpans(fromMs: number, toMs: number, spans: readonly Span[]): readonly TimelineBar[] {
  const ends = spans.flatMap((span) => [span.fromMs, span.toMs ?? toMs]);
  const inside = ends.filter((atMs) => atMs > fromMs && atMs < toMs);
  const edges = [...new Set([fromMs, ...inside, toMs])].toSorted((a, b) => a - b);
  const bars: { state: LaneState; fromMs: number; toMs: number }[] = [];
  for (const [index, edge] of edges.slice(0, -1).entries()) {
    const visible = spans.findLast((span) => span.fromMs <= edge && (span.toMs ?? toMs) > edge);
    const state = visible?.state ?? "unknown";
    const last = bars.at(-1);
    const nextEdge = edges[index + 1] ?? toMs;
    if (last?.state === state) last.toMs = nextEdge;
    else bars.push({ state, fromMs: edge, toMs: nextEdge });
  }
  return bars;
}
