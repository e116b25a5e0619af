import { expect, test } from "vitest";
import type { ObservedCluster } from "./observed-cluster.ts";
import { observeFailover } from "./observe-failover.ts";

test.for([0, -5, Number.NaN, Number.POSITIVE_INFINITY])(
  "rejects a timeout of %s ms before the action starts",
  async (withinMs) => {
    const cluster = { plan: { nodeTimeoutMs: 500, timeScale: 1 } } as unknown as ObservedCluster;
    let calls = 0;
    const action = async (): Promise<void> => {
      calls += 1;
    };
    await expect(observeFailover(cluster, action, { withinMs })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /^Invalid withinMs: expected a number of milliseconds above 0, got .*\.$/,
      ),
    });
    expect(calls).toBe(0);
  },
);
