import type { Cluster } from "ioredis";
import { expect, test } from "vitest";
import { poll } from "../timing/retry.ts";
import { startCallDeadline } from "../timing/call-deadline.ts";
import { splitSlots } from "../plan/slots.ts";
import { Keyspace } from "./keyspace.ts";
import { buildLedger } from "./build-ledger.ts";
import { OperationLog } from "./operation-log.ts";
import type { WorkloadTarget } from "./workload-target.ts";

const HISTORY = {
  log: new OperationLog(),
  keyspace: new Keyspace("t:", 6, 2, splitSlots(3)),
  toEpoch: (at: number) => at,
  keyPrefix: "t:",
  nodeNameOf: () => undefined,
  endedWriters: [],
  seed: 1,
  timeScale: 1,
  redirects: new Map(),
  startedAt: 0,
  stoppedAt: 1,
};

/** Returns a cluster that never becomes readable, with the reason. */
function unreadableTarget(reason: string): WorkloadTarget {
  return {
    timeScale: 1,
    shardSlots: splitSlots(3),
    nodeNames: ["node-0", "node-1", "node-2"],
    indexOf: () => 0,
    clientKeyPrefix: "",
    canRefreshSlots: false,
    identify: () => Promise.resolve(undefined),
    readSlotOwners: () => Promise.resolve(() => undefined),
    connect: () => Promise.reject(new Error("no client expected")),
    connectReader: () => Promise.reject(new Error("no client expected")),
    readOwnership: () => Promise.resolve(""),
    waitUntilReadable: (signal) => poll(() => Promise.reject(new Error(reason)), { everyMs: 5, signal }),
  };
}

test("rejects with the obstacle if the cluster does not become readable in time", async () => {
  using deadline = startCallDeadline("Stopping", { timeoutMs: 40 }, { timeoutMs: 1, timeScale: 1 });
  await expect(
    buildLedger(unreadableTarget("node-1 is down"), HISTORY, 32, deadline.signal),
  ).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Stopping: not done after 40 ms. Still: node-1 is down",
    details: { missing: "node-1 is down" },
  });
});

/**
 * Returns a cluster whose slot owners change, and a function that returns how often all values were read.
 *
 * @param owners the results of `waitUntilReadable()`, in order.
 * @param promptOwners the results of `readOwnership()`, in order.
 */
function changingTarget(
  owners: readonly string[],
  promptOwners: readonly string[],
): { target: WorkloadTarget; reads: () => number } {
  let reads = 0;
  const remaining = [...owners];
  const remainingPrompt = [...promptOwners];
  const connectReader: WorkloadTarget["connectReader"] = () => {
    reads += 1;
    return Promise.resolve({ disconnect: () => {} } as unknown as Cluster);
  };
  const target: WorkloadTarget = {
    ...unreadableTarget(""),
    connectReader,
    waitUntilReadable: () => Promise.resolve(remaining.shift() ?? "none"),
    readOwnership: () => Promise.resolve(remainingPrompt.shift() ?? "none"),
  };
  return { target, reads: () => reads };
}

test.each([
  ["once if the slot owners do not change", ["epoch 1"], ["epoch 1"], 1],
  ["twice if a slot has moved to another node", ["epoch 1", "epoch 2"], ["epoch 2", "epoch 2"], 2],
  ["once if a node was only too slow to answer", ["epoch 1", "epoch 1"], ["incomplete"], 1],
])("reads all values %s", async (_, owners, promptOwners, times) => {
  using deadline = startCallDeadline("Stopping", { timeoutMs: 10_000 }, { timeoutMs: 1, timeScale: 1 });
  const { target, reads } = changingTarget(owners, promptOwners);
  await buildLedger(target, HISTORY, 32, deadline.signal);
  expect(reads()).toBe(times);
});
