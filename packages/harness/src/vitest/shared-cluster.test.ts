import { expect, test } from "vitest";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { leaseAndReset } from "./shared-cluster.ts";
import { timeLeft } from "./time-left.ts";

/** A cluster that writes down what it is asked for, and with which limits. */
function recorded(timeScale: number, reset: () => Promise<never> | Promise<void> = () => Promise.resolve()) {
  const asked: Record<string, number | undefined | string> = {};
  const cluster = {
    plan: { timeScale },
    lease: ({ timeoutMs }: WaitOptions) => {
      asked["lease"] = timeoutMs;
      return Promise.resolve({
        [Symbol.asyncDispose]: async () => void (asked["given back"] = "yes"),
      });
    },
    reset: async ({ timeoutMs }: WaitOptions) => {
      asked["reset"] = timeoutMs;
      await reset();
    },
  };
  return { asked, cluster: cluster as unknown as Parameters<typeof leaseAndReset>[0] };
}

function borrower(limitMs: number | undefined) {
  const { signal } = new AbortController();
  return { test: "a test", file: "a.test.ts", signal, time: timeLeft(limitMs, () => 0) };
}

test("what is left of the test's time is the limit, whatever the time scale", async () => {
  const { asked, cluster } = recorded(2);
  await leaseAndReset(cluster, borrower(4_000));
  expect(asked).toEqual({ lease: 1_500, reset: 1_500 });
});

test("without a limit that is known the turn is waited for without one, and the reset has its own", async () => {
  const { asked, cluster } = recorded(2);
  await leaseAndReset(cluster, borrower(undefined));
  expect(asked).toEqual({ lease: 2 ** 31 - 1, reset: undefined });
});

test("the lease is given back where the reset fails", async () => {
  const { asked, cluster } = recorded(1, () => Promise.reject(new Error("node-2 is gone")));
  await expect(leaseAndReset(cluster, borrower(undefined))).rejects.toThrow("node-2 is gone");
  expect(asked).toMatchObject({ "given back": "yes" });
});
