import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import {
  type Cut,
  cutsAround,
  findCutOff,
  expectedReachability,
  isTotal,
  planPartition,
  renderRuleset,
} from "./plan-partition.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const { nodes } = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);

const format = (cuts: readonly Cut[]): readonly string[] =>
  cuts.map(({ node, from, to, clients }) => {
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name.slice(5)).join("");
    return `${node.name.slice(5)} <${names(from)} >${names(to)}${clients.map((direction) => ` clients-${direction}`).join("")}`;
  });

test("drops packets in both directions on the smaller side", () => {
  expect(format(planPartition([["node-0", "node-1"], "rest"], nodes, {}))).toEqual([
    "0 <2345 >2345",
    "1 <2345 >2345",
  ]);
  expect(format(planPartition(["rest", ["node-5"]], nodes, {}))).toEqual(["5 <01234 >01234"]);
});

test("separates three groups from each other", () => {
  expect(format(planPartition([["node-0"], ["node-1", "node-2"], "rest"], nodes, {}))).toEqual([
    "0 <12345 >12345",
    "1 <0345 >0345",
    "2 <0345 >0345",
  ]);
});

test("drops only packets from the first group if the partition is one-way", () => {
  expect(format(planPartition([["node-0"], ["node-1", "node-2"], "rest"], nodes, { oneWay: true }))).toEqual([
    "1 <0 >",
    "2 <0 >",
    "3 <0 >",
    "4 <0 >",
    "5 <0 >",
  ]);
});

test("leaves clients to the group that names them, or to all groups", () => {
  expect(format(planPartition([["node-0"], ["rest", "clients"]], nodes, {}))).toEqual([
    "0 <12345 >12345 clients-in clients-out",
  ]);
  expect(format(planPartition([["node-0", "clients"], "rest"], nodes, {}))).toEqual([
    "0 <12345 >12345",
    "1 < > clients-in clients-out",
    "2 < > clients-in clients-out",
    "3 < > clients-in clients-out",
    "4 < > clients-in clients-out",
    "5 < > clients-in clients-out",
  ]);
});

test('cuts off clients from all but the last group on the plane "clients"', () => {
  const clients = { plane: "clients" } as const;
  expect(format(planPartition([["node-2"], "rest"], nodes, clients))).toEqual([
    "2 < > clients-in clients-out",
  ]);
  expect(format(planPartition([["node-0"], ["node-1"], "rest"], nodes, clients))).toEqual([
    "0 < > clients-in clients-out",
    "1 < > clients-in clients-out",
  ]);
});

test('leaves clients to the group that names them on the plane "clients"', () => {
  const clients = { plane: "clients" } as const;
  const cutFromZero = ["0 < > clients-in clients-out"];
  expect(format(planPartition([["clients", "rest"], ["node-0"]], nodes, clients))).toEqual(cutFromZero);
  expect(format(planPartition([["node-0"], ["clients", "rest"]], nodes, clients))).toEqual(cutFromZero);
  expect(format(planPartition([["node-0"], ["node-1", "clients"], ["node-2"]], nodes, clients))).toEqual([
    "0 < > clients-in clients-out",
    "2 < > clients-in clients-out",
  ]);
});

test("drops one direction of client packets if the partition is one-way", () => {
  const oneWay = { plane: "clients", oneWay: true } as const;
  expect(format(planPartition([["node-0"], "rest"], nodes, oneWay))).toEqual(["0 < > clients-out"]);
  expect(format(planPartition([["node-0"], ["node-1"], ["rest", "clients"]], nodes, oneWay))).toEqual([
    "0 < > clients-out",
  ]);
  expect(format(planPartition([["rest", "clients"], ["node-0"]], nodes, oneWay))).toEqual([
    "0 < > clients-in",
  ]);
  expect(
    format(
      planPartition(
        [
          ["node-0", "node-1"],
          ["rest", "clients"],
        ],
        nodes,
        { oneWay: true },
      ),
    ),
  ).toEqual(["0 < > clients-out", "1 < > clients-out", "2 <01 >", "3 <01 >", "4 <01 >", "5 <01 >"]);
});

test("reports all problems of the groups in one error", () => {
  const planInvalid = () => planPartition([["node-0", "node-9"], ["node-0"], []], nodes, {});
  expect(planInvalid).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(planInvalid).toThrow('"rest" or "clients", got "node-9"');
  expect(planInvalid).toThrow("expected each name once, got node-0 twice");
  expect(planInvalid).toThrow("expected a node in each group, got none in group 3");
  expect(() => planPartition(["rest"], nodes, {})).toThrow("expected two groups or more, got 1");
});

test.for([undefined, ["node-0", "rest"], [["node-0"], [1]], "rest"])("rejects %o as groups", (groups) => {
  expect(() => planPartition(groups as [], nodes, {})).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("expected an array of groups"),
    }),
  );
});

test("renders the ruleset of a cut", () => {
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

test("renders a random share, and treats all other addresses as clients", () => {
  const [cut] = cutsAround(nodes.slice(0, 1), nodes, "clients") as [Cut];
  const fromClients = "ip saddr != { 10.1.0.3, 127.0.0.0/8 } tcp dport 6379";
  const toClients = "ip daddr != { 10.1.0.3, 127.0.0.0/8 } tcp sport 6379";
  const quarter = renderRuleset("trc_x", cut, nodes.slice(0, 2), 0.25);
  expect(quarter).toContain(`${fromClients} numgen random mod 10000 < 2500 drop`);
  expect(quarter).toContain(`${toClients} numgen random mod 10000 < 2500 drop`);
  expect(renderRuleset("trc_x", cut, nodes.slice(0, 2), 1)).not.toContain("numgen");
  const oneWay = renderRuleset("trc_x", { ...cut, clients: ["out"] }, nodes.slice(0, 2), undefined);
  expect(oneWay).toContain(`${toClients} drop`);
  expect(oneWay).not.toContain(fromClients);
});

test("cuts a node off from all other nodes, or only from clients", () => {
  expect(format(cutsAround(nodes.slice(1, 3), nodes, "bus"))).toEqual(["1 <02345 >02345", "2 <01345 >01345"]);
  expect(format(cutsAround(nodes.slice(1, 2), nodes, "clients"))).toEqual(["1 < > clients-in clients-out"]);
});

test("expects an answer of a starting node unless its clients are cut off", () => {
  const isolated = planPartition([["node-0"], "rest"], nodes.slice(0, 3), {});
  expect(expectedReachability("node-0", isolated, undefined)).toBe("answer");
  expect(expectedReachability("node-1", isolated, undefined)).toBe("answer");
  expect(expectedReachability("node-5", isolated, undefined)).toBeUndefined();
  const withoutClients = planPartition([["node-0"], ["rest", "clients"]], nodes, {});
  expect(expectedReachability("node-0", withoutClients, undefined)).toBe("nothing");
  expect(expectedReachability("node-1", withoutClients, undefined)).toBe("answer");
});

test("ignores nodes from which other nodes drop only a share of packets", () => {
  const lossy = cutsAround(nodes.slice(0, 1), nodes, "all");
  expect(expectedReachability("node-0", lossy, 0.3)).toBe("answer");
  expect(expectedReachability("node-1", lossy, 0.3)).toBeUndefined();
  expect(expectedReachability("node-1", lossy, 1)).toBe("answer");
});

test("finds the nodes that are cut off from most others by either side", () => {
  const four = nodes.slice(0, 4);
  const cutOff = (...cuts: readonly Cut[]): string => findCutOff(cuts, four).join(" ");
  const one = four.slice(0, 1);
  expect(cutOff(...cutsAround(one, four, "all"))).toBe("node-0");
  expect(cutOff(...cutsAround(one, four, "bus"))).toBe("node-0");
  expect(cutOff(...cutsAround(one, four, "replication"))).toBe("");
  expect(cutOff(...cutsAround(one, four, "clients"))).toBe("");
  expect(cutOff(...planPartition([["node-0"], "rest"], four, { oneWay: true }))).toBe("node-0");
  expect(cutOff(...planPartition([["node-0", "node-1"], "rest"], four, {}))).toBe(
    "node-0 node-1 node-2 node-3",
  );
  expect(cutOff(...planPartition([["node-2"], "rest"], four, {}))).toBe("node-2");
  // Several faults add up.
  expect(
    cutOff(
      ...planPartition([["node-2"], "rest"], four, { plane: "bus" }),
      ...planPartition([["node-3"], "rest"], four, {}),
    ),
  ).toBe("node-0 node-1 node-2 node-3");
  expect(cutOff()).toBe("");
});

test("treats a share of almost 1 as total, without a random condition", () => {
  expect([undefined, 1, 0.99996].map(isTotal)).toEqual([true, true, true]);
  expect([0.0001, 0.5, 0.9999].map(isTotal)).toEqual([false, false, false]);
  const [cut] = cutsAround(nodes.slice(0, 1), nodes, "bus");
  expect(renderRuleset("t", cut as Cut, nodes, 0.99996)).not.toContain("numgen");
});
