import { expect, test } from "vitest";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/node-view.ts";
import { watchViews } from "./watch-views.ts";

test("how long a node may say nothing before it counts as silent follows the time scale", async () => {
  const plan = { nodes: [], timeScale: 0.02 } as unknown as ClusterPlan;
  const frozen = {
    node: { name: "node-0" },
    texts: () => new Promise<never>(() => {}),
  } as unknown as NodeConnection;
  const stop = new AbortController();
  const seen: { readonly view: NodeView; readonly atMs: number; readonly askedMs: number }[] = [];
  const watching = watchViews(
    plan,
    [frozen],
    (view, atMs, askedMs) => {
      seen.push({ view, atMs, askedMs });
      stop.abort();
    },
    stop.signal,
  );
  await watching;
  const [first] = seen;
  expect(first?.view).toEqual({ kind: "silent", node: "node-0", reason: "no answer for 5 ms" });
  expect(first?.atMs).toBeGreaterThanOrEqual(first?.askedMs ?? Number.NaN);
});
