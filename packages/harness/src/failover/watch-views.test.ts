import { expect, test } from "vitest";
import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { NodeView } from "../view/node-view.ts";
import { watchViews } from "./watch-views.ts";

test("the time after which a node counts as silent depends on the time scale", async () => {
  const plan = { nodes: [], timeScale: 0.02 } as unknown as ClusterPlan;
  const frozen = {
    node: { name: "node-0" },
    texts: () => new Promise<never>(() => {}),
  } as unknown as NodeConnection;
  const stop = new AbortController();
  const observed: { readonly view: NodeView; readonly atMs: number; readonly requestedMs: number }[] = [];
  const watching = watchViews(
    plan,
    [frozen],
    (view, atMs, requestedMs) => {
      observed.push({ view, atMs, requestedMs });
      stop.abort();
    },
    stop.signal,
  );
  await watching;
  const [first] = observed;
  expect(first?.view).toEqual({ kind: "silent", node: "node-0", reason: "no answer for 5 ms" });
  expect(first?.atMs).toBeGreaterThanOrEqual(first?.requestedMs ?? Number.NaN);
});
