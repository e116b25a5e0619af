import { expect, test } from "vitest";
import { ApiCalls } from "../cluster/api-calls.ts";
import type { ClusterContext } from "../cluster/cluster-context.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { NodeHandle } from "../cluster/node-handle.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import type { ClusterFaults } from "./cluster-faults.ts";
import { createFaults } from "./create-faults.ts";
import { TargetResolver, type Target } from "./target-resolver.ts";

// A rejected call must not use anything of the cluster, so a cluster is not needed here.

const KEY = "order:42";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const plan = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const calls = new ApiCalls(plan, (_, error) => Promise.resolve(error));

/** Returns an object that throws when any of its properties is read. */
function unused(name: string): never {
  const get = (_: object, property: string | symbol): never => {
    throw new Error(`A rejected call used ${String(property)} of ${name}.`);
  };
  return new Proxy({}, { get }) as never;
}

function createNode(node: NodePlan): ManagedNode {
  const container = { id: node.id } as NodeContainer;
  return {
    plan: node,
    container: unused("a container"),
    connection: unused("a connection"),
    handle: new NodeHandle(
      node,
      unused("the access"),
      container,
      unused("the addresses"),
      calls.waitDefaults,
    ),
  };
}

function createTestFaults(): ClusterFaults {
  const context: ClusterContext = {
    plan,
    calls,
    nodes: plan.nodes.map(createNode),
    engine: unused("the engine"),
    access: unused("the access"),
    addresses: unused("the addresses"),
    history: unused("the history"),
  };
  return createFaults(
    {
      context,
      targets: new TargetResolver(context, () => Promise.reject(new Error("A rejected call read an owner."))),
      registry: unused("the registry"),
      lateFaults: unused("the late faults"),
      repairs: unused("the repairs"),
      prospects: unused("the prospects"),
      networkFaultLog: unused("the network fault log"),
      helperImage: unused("the helper image"),
    },
    () => Promise.reject(new Error("A rejected call observed a failover.")),
  );
}

const nodeOfOtherCluster = createNode(plan.nodes[0] as NodePlan).handle;

test.for<readonly [string, Target, string, RegExp]>([
  ["an unknown name", "node-7", "UNKNOWN_NODE", /expected one of node-0 to node-5, got "node-7"/],
  ["a node of another cluster", nodeOfOtherCluster, "UNKNOWN_NODE", /got node-0 of another one/],
  [
    "the same node twice",
    ["node-1", "node-1"],
    "INVALID_ARGUMENT",
    /expected each node once, got node-1 twice/,
  ],
  ["an empty array", [], "INVALID_ARGUMENT", /expected at least one node, got none/],
])("rejects %s as a target", async ([, target, code, message]) => {
  const faults = createTestFaults();
  const rejection = expect.objectContaining({ code, message: expect.stringMatching(message) });
  await expect(faults.kill(target)).rejects.toThrow(rejection);
  await expect(faults.pause(target)).rejects.toThrow(rejection);
});

// Plain JavaScript may pass these values.
test.for<readonly [unknown]>([[undefined], [null], [7], [[undefined]], [[{ primaryOf: KEY }]]])(
  "rejects %o as a target",
  async ([target]) => {
    await expect(createTestFaults().kill(target as Target)).rejects.toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(
          /Invalid target .*: expected a node, a node name, an array of these, or a selector/,
        ),
      }),
    );
  },
);

test.for<readonly [unknown]>([
  [{ role: "master" }],
  [{ random: 1, role: "slave" }],
  [{ majorityOf: "replicas" }],
])("rejects %o as a selector", async ([target]) => {
  await expect(createTestFaults().kill(target as Target)).rejects.toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/Invalid target .*: expected \w+ to be .*, got "\w+"/),
    }),
  );
});

test.for<readonly [string, (faults: ClusterFaults) => Promise<unknown>, RegExp]>([
  ...["SIGSTOP", "SIGHUP", "SIGSEGV", "9"].map(
    (signal) =>
      [
        `kill() with ${signal}`,
        (faults: ClusterFaults) => faults.kill("node-1", { with: signal as "SIGKILL" }),
        /Invalid with: expected one of "SIGKILL", "SIGTERM", "SIGINT", got ".+"/,
      ] as const,
  ),
  [
    "kill() with a negative timeout",
    (faults) => faults.kill("node-1", { timeoutMs: -1 }),
    /expected timeoutMs to be .*, got -1\. Leave it out for the default/,
  ],
  [
    "restart() with an unknown value of data",
    (faults) => faults.restart("node-1", { data: "wipe" as "wiped" }),
    /Invalid data: expected one of "kept", "wiped", got "wipe"/,
  ],
  [
    "partition() with a node in two groups",
    (faults) => faults.partition([["node-1"], ["node-1"]]),
    /expected each name once, got node-1 twice/,
  ],
  [
    "partition() with an unknown name",
    (faults) => faults.partition([["unknown"], "rest"]),
    /"rest" or "clients", got "unknown"/,
  ],
  [
    "isolate() with an unknown plane",
    (faults) => faults.isolate("node-1", { plane: "gossip" as "bus" }),
    /Invalid plane: expected one of .*, got "gossip"/,
  ],
  [
    "dropPackets() with a share above 1",
    (faults) => faults.dropPackets("node-1", 2),
    /Invalid share: expected .*, got 2/,
  ],
  [
    "delayPackets() with a delay of 0 ms",
    (faults) => faults.delayPackets("node-1", 0),
    /Invalid delayMs: expected .*, got 0/,
  ],
  [
    "slowCommands() with a delay of 0 ms",
    (faults) => faults.slowCommands("node-1", 0),
    /Invalid delayMs: expected .*, got 0/,
  ],
  [
    "failover() with an unknown mode",
    (faults) => faults.failover("node-4", { mode: "forced" as "force" }),
    /Invalid mode: expected one of "graceful", "force", "takeover", got "forced"/,
  ],
])("rejects %s", async ([, call, message]) => {
  await expect(call(createTestFaults())).rejects.toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
  );
});
