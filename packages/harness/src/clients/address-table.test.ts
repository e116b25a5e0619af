import { expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable, networkAddress } from "./address-table.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const { nodes } = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const [ONE, TWO] = [nodes[0] as NodePlan, nodes[1] as NodePlan];
const at = (port: number): { host: string; port: number } => ({ host: "127.0.0.1", port });

test("get returns the new port of a restarted node", () => {
  const table = new AddressTable();
  table.set(ONE, at(32_768));
  table.set(ONE, at(32_770));
  expect(table.get(ONE)).toEqual(at(32_770));
});

test("a node loses its port if another node gets it, until it restarts", () => {
  const table = new AddressTable();
  table.set(ONE, at(32_768));
  table.set(TWO, at(32_768));
  expect(table.get(ONE)).toBeUndefined();
  expect(table.get(TWO)).toEqual(at(32_768));
  table.set(ONE, at(32_769));
  expect(table.get(ONE)).toEqual(at(32_769));
  expect(table.get(TWO)).toEqual(at(32_768));
});

test("with direct access, every node has its network address, and is found by its names", () => {
  const table = new AddressTable("direct");
  expect(table.get(ONE)).toEqual({ host: "10.1.0.2", port: 6_379 });
  expect(table.lookUp("node-0:6379")).toBeUndefined();
  table.set(ONE, undefined);
  table.learn("other.test:6379", { host: "10.1.0.2", port: 6_379 });
  for (const announced of ["10.1.0.2:6379", "node-0:6379", "other.test:6379"])
    expect(table.lookUp(announced)).toEqual({ host: "10.1.0.2", port: 6_379 });
  expect(table.published(ONE)).toBeUndefined();
  table.set(ONE, at(32_768));
  expect(table.get(ONE)).toEqual({ host: "10.1.0.2", port: 6_379 });
  expect(table.published(ONE)).toEqual(at(32_768));
});

test("a listener is called for each start and each change of the address, until it unsubscribes", () => {
  const table = new AddressTable();
  const notified: string[] = [];
  const unsubscribe = table.onChange(networkAddress(ONE), () =>
    notified.push(`one at ${table.get(ONE)?.port}`),
  );
  table.onChange(networkAddress(TWO), () => notified.push(`two at ${table.get(TWO)?.port}`));
  table.set(ONE, at(1));
  table.set(ONE, at(1));
  table.set(TWO, at(1));
  unsubscribe();
  table.set(ONE, at(2));
  expect(notified).toEqual(["one at 1", "one at 1", "one at undefined", "two at 1"]);
});
