import { expect, test } from "vitest";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { leaseAndReset } from "./shared-cluster-source.ts";
import { startTestDeadline } from "./test-deadline.ts";
import type { TestRequest } from "./test-request.ts";

/** Returns a cluster that records the timeouts of its calls, and the release of its lease. */
function recordingCluster(
  timeScale: number,
  reset: () => Promise<never> | Promise<void> = () => Promise.resolve(),
) {
  const recorded: Record<string, number | undefined | string> = {};
  const cluster = {
    plan: { timeScale },
    lease: ({ timeoutMs }: WaitOptions) => {
      recorded["lease"] = timeoutMs;
      return Promise.resolve({
        [Symbol.asyncDispose]: async () => void (recorded["released"] = "yes"),
      });
    },
    reset: async ({ timeoutMs }: WaitOptions) => {
      recorded["reset"] = timeoutMs;
      await reset();
    },
  };
  return { recorded, cluster: cluster as unknown as Parameters<typeof leaseAndReset>[0] };
}

function request(timeoutMs: number | undefined): TestRequest {
  const { signal } = new AbortController();
  return { test: "a test", file: "a.test.ts", signal, deadline: startTestDeadline(timeoutMs, () => 0) };
}

test("limits both calls to the remaining time of the test, whatever the time scale is", async () => {
  const { recorded, cluster } = recordingCluster(2);
  await leaseAndReset(cluster, request(4_000));
  expect(recorded).toEqual({ lease: 1_500, reset: 1_500 });
});

test("waits for the lease without a limit if the test has no timeout", async () => {
  const { recorded, cluster } = recordingCluster(2);
  await leaseAndReset(cluster, request(undefined));
  expect(recorded).toEqual({ lease: 2 ** 31 - 1, reset: undefined });
});

test("releases the lease if the reset fails", async () => {
  const { recorded, cluster } = recordingCluster(1, () => Promise.reject(new Error("node-2 is gone")));
  await expect(leaseAndReset(cluster, request(undefined))).rejects.toThrow("node-2 is gone");
  expect(recorded).toMatchObject({ released: "yes" });
});
