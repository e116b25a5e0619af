import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import type { ClusterPlan, NodePlan } from "../plan/cluster-plan.ts";
import { AddressTable } from "./address-table.ts";
import { identifyNode } from "./identify-node.ts";

const NODES = [0, 1, 2].map(
  (index) => ({ index, id: String(index).repeat(40), address: `172.28.0.1${index}`, port: 6379 }) as NodePlan,
);
const PLAN = { nodes: NODES } as unknown as ClusterPlan;

function table(): AddressTable {
  const addresses = new AddressTable();
  for (const node of NODES) addresses.set(node, { host: "127.0.0.1", port: 32_000 + node.index });
  return addresses;
}

/**
 * Returns a fake connection to a port.
 *
 * @param myId the answer of the node to CLUSTER MYID.
 */
function connection(port: number, myId: () => Promise<unknown>): Redis {
  return { options: { host: "127.0.0.1", port }, cluster: myId } as unknown as Redis;
}

test("returns the node with the reported id, even if the port belonged to another", async () => {
  const moved = connection(32_001, () => Promise.resolve("2".repeat(40)));
  expect(await identifyNode(moved, PLAN, table())).toBe(2);
});

test("uses the address if the id is forbidden or not in the plan", async () => {
  const forbidden = connection(32_001, () => Promise.reject(new Error("NOPERM")));
  expect(await identifyNode(forbidden, PLAN, table())).toBe(1);
  const renamed = connection(32_001, () => Promise.resolve("f".repeat(40)));
  expect(await identifyNode(renamed, PLAN, table())).toBe(1);
});

test("uses the address at the time of the call", async () => {
  const addresses = table();
  const dying = connection(32_001, () => {
    addresses.set(NODES[2] as NodePlan, { host: "127.0.0.1", port: 32_001 });
    return Promise.reject(new Error("Connection is closed."));
  });
  expect(await identifyNode(dying, PLAN, addresses)).toBe(1);
});

test("returns undefined if the connection leads to no node of the plan", async () => {
  const unplanned = connection(40_000, () => Promise.reject(new Error("NOPERM")));
  expect(await identifyNode(unplanned, PLAN, table())).toBeUndefined();
});
