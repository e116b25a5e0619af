import { expect, test } from "vitest";
import { ApiCalls } from "../cluster/api-calls.ts";
import { RedisClusterError } from "../errors.ts";
import type { FaultFacts } from "./fault.ts";
import { FaultRegistry } from "./fault-registry.ts";
import { LateFaults } from "./late-faults.ts";

const FACTS: FaultFacts = {
  kind: "pause",
  nodes: ["node-0"],
  since: 0,
  description: "node-0 frozen",
  seed: undefined,
};

interface TestRegistry {
  readonly faults: FaultRegistry;
  readonly late: LateFaults;
  readonly stop: () => void;
}

function registry(timeScale = 1): TestRegistry {
  const late = new LateFaults(timeScale);
  const calls = new ApiCalls({ nodeTimeoutMs: 1_000, timeScale }, (_, error) => Promise.resolve(error));
  return {
    faults: new FaultRegistry(calls, timeScale, late),
    late,
    stop: () => calls.close(new RedisClusterError("CLUSTER_STOPPED", "stopped")),
  };
}

test("heals a fault only once", async () => {
  const { faults } = registry();
  let healed = 0;
  const fault = faults.add(FACTS, {
    heal: async () => {
      healed += 1;
    },
  });
  expect(faults.active).toEqual([fault]);
  await Promise.all([fault.heal(), fault.heal()]);
  await fault[Symbol.asyncDispose]();
  expect(healed).toBe(1);
  expect(faults.active).toEqual([]);
});

test("keeps a fault active if healing fails, and can heal it later", async () => {
  const { faults } = registry();
  let attempts = 0;
  const fault = faults.add(FACTS, {
    heal: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
    },
  });
  await expect(fault.heal()).rejects.toThrow("not yet");
  expect(faults.active).toEqual([fault]);
  await fault.heal();
  expect(attempts).toBe(2);
  expect(faults.active).toEqual([]);
});

test("heals all faults in reverse order, also if one cannot be healed", async () => {
  const { faults } = registry();
  const order: string[] = [];
  for (const name of ["first", "second", "third"]) {
    faults.add(FACTS, {
      heal: async () => {
        order.push(name);
        if (name === "second") throw new Error("second failed");
      },
    });
  }
  await expect(faults.healAll()).rejects.toThrow("second failed");
  expect(order).toEqual(["third", "second", "first"]);
  expect(faults.active).toHaveLength(1);
});

test("rejects healing after the end of the cluster, but not a disposal", async () => {
  const { faults, stop } = registry();
  const fault = faults.add(FACTS, { heal: () => Promise.reject(new Error("must not be called")) });
  stop();
  await expect(fault.heal()).rejects.toThrow("stopped");
  await expect(faults.healAll()).rejects.toThrow("stopped");
  await fault[Symbol.asyncDispose]();
});

test("reverts all faults for a reset, and returns the nodes where that fails", async () => {
  const { faults } = registry();
  const order: string[] = [];
  const heal = (): Promise<void> => Promise.reject(new Error("must not be called"));
  const frozen = faults.add(FACTS, {
    heal,
    revert: async () => {
      order.push("frozen");
    },
  });
  faults.add({ ...FACTS, kind: "kill" }, { heal });
  faults.add(
    { ...FACTS, nodes: ["node-1"], description: "node-1 cut off" },
    { heal, revert: () => Promise.reject(new Error("no engine")) },
  );
  const failed = await faults.revertAll(new AbortController().signal);
  expect([...failed]).toEqual([["node-1", "node-1 cut off: no engine"]]);
  expect(order).toEqual(["frozen"]);
  expect(faults.active).toEqual([]);
  await frozen.heal();
});

test("ends a fault when its last node is started or resumed", async () => {
  const { faults } = registry();
  const ended: string[] = [];
  const fault = faults.add(
    { ...FACTS, kind: "kill", nodes: ["node-0", "node-1"] },
    {
      heal: () => Promise.reject(new Error("must not be called")),
      onEnded: () => ended.push("kill"),
    },
  );
  faults.endFaults(["pause"], "node-0");
  faults.endFaults(["kill"], "node-2");
  faults.endFaults(["kill", "stop"], "node-1");
  expect(faults.active).toEqual([fault]);
  faults.endFaults(["kill", "stop"], "node-0");
  expect(faults.active).toEqual([]);
  expect(ended).toEqual(["kill"]);
  await fault.heal();
});

test("does not end a fault that is being healed", async () => {
  const { faults } = registry();
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended: string[] = [];
  const fault = faults.add(FACTS, { heal: () => promise, onEnded: () => ended.push("pause") });
  const healing = fault.heal();
  faults.endFaults(["pause"], "node-0");
  expect(faults.active).toEqual([fault]);
  resolve();
  await healing;
  expect(faults.active).toEqual([]);
  expect(ended).toEqual([]);
});

test("returns the constraints of a fault until its healing begins", async () => {
  const { faults } = registry();
  const constraintFor = (node: string) => (node === "node-0" ? ({ waitFor: "answer" } as const) : undefined);
  const cut = faults.add(FACTS, { heal: () => Promise.resolve(), constraintFor });
  faults.add(FACTS, { heal: () => Promise.resolve() });
  expect(faults.constraintsFor("node-0")).toEqual([{ waitFor: "answer" }]);
  expect(faults.constraintsFor("node-1")).toEqual([]);
  const healing = cut.heal();
  expect(faults.constraintsFor("node-0")).toEqual([]);
  await healing;
});

test("reports the nodes of a late fault that has not ended within the limit", async () => {
  const { faults, late } = registry(0.01);
  late.add({ what: "Pausing node-1", nodes: ["node-1"] }, new Promise(() => {}));
  late.add({ what: "Pausing node-2", nodes: ["node-2"] }, Promise.reject(new Error("never became active")));
  const startedAt = Date.now();
  const failed = await faults.revertAll(AbortSignal.timeout(60_000));
  expect(failed).toEqual(new Map([["node-1", "Pausing node-1 was abandoned, and may still take effect"]]));
  expect(late.pending).toEqual([{ what: "Pausing node-1", nodes: ["node-1"] }]);
  // 5 s at time scale 1.
  expect(Date.now() - startedAt).toBeLessThan(4_000);
});
