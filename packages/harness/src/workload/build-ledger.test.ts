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

/** A cluster that is never whole. */
function targetWith(reason: string): WorkloadTarget {
  return {
    timeScale: 1,
    shardSlots: splitSlots(3),
    nodeNames: ["node-0", "node-1", "node-2"],
    indexOf: () => 0,
    clientKeyPrefix: "",
    clientsLookAround: false,
    identify: () => Promise.resolve(undefined),
    servingNodeBySlot: () => Promise.resolve(() => undefined),
    connect: () => Promise.reject(new Error("not to be asked for")),
    connectReader: () => Promise.reject(new Error("not to be asked for")),
    ownership: () => Promise.resolve(""),
    whenWhole: (signal) => poll(() => Promise.reject(new Error(reason)), { everyMs: 5, signal }),
  };
}

test("where time runs out the error tells what kept the cluster from being whole", async () => {
  using deadline = startCallDeadline("Stopping", { timeoutMs: 40 }, { timeoutMs: 1, timeScale: 1 });
  await expect(buildLedger(targetWith("node-1 is away"), HISTORY, 32, deadline.signal)).rejects.toMatchObject(
    {
      code: "WAIT_TIMEOUT",
      message: "Stopping: not done after 40 ms. Still: node-1 is away",
      details: { missing: "node-1 is away" },
    },
  );
});

/** A cluster on which a slot has changed hands when a look differs from the one before; counts how often it is read. */
function changingTarget(
  whole: readonly string[],
  looks: readonly string[],
): { target: WorkloadTarget; reads: () => number } {
  let reads = 0;
  const left = [...whole];
  const prompt = [...looks];
  const connectReader: WorkloadTarget["connectReader"] = () => {
    reads += 1;
    return Promise.resolve({ disconnect: () => {} } as unknown as Cluster);
  };
  const target: WorkloadTarget = {
    ...targetWith(""),
    connectReader,
    whenWhole: () => Promise.resolve(left.shift() ?? "nobody"),
    ownership: () => Promise.resolve(prompt.shift() ?? "nobody"),
  };
  return { target, reads: () => reads };
}

test.each([
  ["once while nothing changes", ["epoch 1"], ["epoch 1"], 1],
  ["again if a slot changed hands meanwhile", ["epoch 1", "epoch 2"], ["epoch 2", "epoch 2"], 2],
  ["once if a node was only slow to answer", ["epoch 1", "epoch 1"], ["incomplete"], 1],
])("everything is read %s", async (_, whole, looks, times) => {
  using deadline = startCallDeadline("Stopping", { timeoutMs: 10_000 }, { timeoutMs: 1, timeScale: 1 });
  const { target, reads } = changingTarget(whole, looks);
  await buildLedger(target, HISTORY, 32, deadline.signal);
  expect(reads()).toBe(times);
});
