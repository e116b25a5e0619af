import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { type Cut, planPartition, renderRuleset } from "./partition.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const { nodes } = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);

const shown = (cuts: readonly Cut[]): readonly string[] =>
  cuts.map(({ node, from, to, clients }) => {
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name.slice(5)).join("");
    return `${node.name.slice(5)} <${names(from)} >${names(to)}${clients ? " clients" : ""}`;
  });

test("the smaller side drops both ways, and the larger is left alone", () => {
  expect(shown(planPartition([["node-0", "node-1"], "rest"], nodes, {}))).toEqual([
    "0 <2345 >2345",
    "1 <2345 >2345",
  ]);
  expect(shown(planPartition(["rest", ["node-5"]], nodes, {}))).toEqual(["5 <01234 >01234"]);
});

test("three groups are all cut off from each other", () => {
  expect(shown(planPartition([["node-0"], ["node-1", "node-2"], "rest"], nodes, {}))).toEqual([
    "0 <12345 >12345",
    "1 <0345 >0345",
    "2 <0345 >0345",
  ]);
});

test("one way, the others do not hear the first group, and it hears them", () => {
  expect(shown(planPartition([["node-0"], ["node-1", "node-2"], "rest"], nodes, { oneWay: true }))).toEqual([
    "1 <0 >",
    "2 <0 >",
    "3 <0 >",
    "4 <0 >",
    "5 <0 >",
  ]);
});

test("clients stay with the group that names them, and with all where none does", () => {
  expect(shown(planPartition([["node-0"], ["rest", "clients"]], nodes, {}))).toEqual([
    "0 <12345 >12345 clients",
  ]);
  expect(shown(planPartition([["node-0", "clients"], "rest"], nodes, {}))).toEqual([
    "0 <12345 >12345",
    "1 < > clients",
    "2 < > clients",
    "3 < > clients",
    "4 < > clients",
    "5 < > clients",
  ]);
});

test("on the clients' plane only the first groups lose their clients", () => {
  expect(shown(planPartition([["node-2"], "rest"], nodes, { plane: "clients" }))).toEqual(["2 < > clients"]);
});

test("everything that is wrong with groups is named at once", () => {
  const wrong = () => planPartition([["node-0", "node-9"], ["node-0"], []], nodes, {});
  expect(wrong).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(wrong).toThrow('there is no node "node-9"');
  expect(wrong).toThrow("node-0 is named twice");
  expect(wrong).toThrow("group 3 holds no node");
  expect(() => planPartition(["rest"], nodes, {})).toThrow("two groups or more");
});

test("the ruleset of a cut, to the letter", () => {
  const [cut] = planPartition([["node-0"], "rest"], nodes.slice(0, 3), { plane: "bus" });
  expect(renderRuleset("trc_x", cut as Cut, nodes.slice(0, 3), undefined)).toBe(`table inet trc_x {
  chain input {
    type filter hook input priority -10; policy accept;
    ip saddr { 10.1.0.3, 10.1.0.4 } tcp dport 16379 drop
    ip saddr { 10.1.0.3, 10.1.0.4 } tcp sport 16379 drop
  }
  chain output {
    type filter hook output priority -10; policy accept;
    ip daddr { 10.1.0.3, 10.1.0.4 } tcp dport 16379 drop
    ip daddr { 10.1.0.3, 10.1.0.4 } tcp sport 16379 drop
  }
}
`);
});

test("a share of packets is drawn anew for each, and clients are everybody but the nodes and the container", () => {
  const cut: Cut = { node: nodes[0] as Cut["node"], plane: "clients", from: [], to: [], clients: true };
  const ruleset = renderRuleset("trc_x", cut, nodes.slice(0, 2), 0.25);
  expect(ruleset).toContain(
    "ip saddr != { 10.1.0.2, 10.1.0.3, 127.0.0.0/8 } tcp dport 6379 numgen random mod 10000 < 2500 drop",
  );
  expect(renderRuleset("trc_x", cut, nodes.slice(0, 2), 1)).not.toContain("numgen");
});

test("a plane that does not exist is an error, not a cut of everything", () => {
  const options = { plane: "gossip" as "bus" };
  expect(() => planPartition([["node-0"], "rest"], nodes, options)).toThrow(
    'There is no plane "gossip": they are bus, replication, clients, all.',
  );
});
