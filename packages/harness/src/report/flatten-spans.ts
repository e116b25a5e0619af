import type { LaneState, TimelineBar } from "./report-data.ts";

/** A state that holds from a moment on, for a while or for good. */
export interface Span {
  readonly state: LaneState;
  readonly fromMs: number;
  readonly toMs?: number | undefined;
}

/** Lays states over one another, later ones on top, and gives what is to be seen of them between two moments. Pure. */
export function flattenSpans(fromMs: number, toMs: number, spans: readonly Span[]): readonly TimelineBar[] {
  const ends = spans.flatMap((span) => [span.fromMs, span.toMs ?? toMs]);
  const inside = ends.filter((atMs) => atMs > fromMs && atMs < toMs);
  const edges = [...new Set([fromMs, ...inside, toMs])].toSorted((a, b) => a - b);
  const bars: { state: LaneState; fromMs: number; toMs: number }[] = [];
  for (const [index, edge] of edges.slice(0, -1).entries()) {
    const top = spans.findLast((span) => span.fromMs <= edge && (span.toMs ?? toMs) > edge);
    const state = top?.state ?? "unknown";
    const last = bars.at(-1);
    const next = edges[index + 1] ?? toMs;
    if (last?.state === state) last.toMs = next;
    else bars.push({ state, fromMs: edge, toMs: next });
  }
  return bars;
}
