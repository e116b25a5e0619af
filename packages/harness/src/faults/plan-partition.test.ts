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

const shown = (cuts: readonly Cut[]): readonly string[] =>
  cuts.map(({ node, from, to, clients }) => {
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name.slice(5)).join("");
    return `${node.name.slice(5)} <${names(from)} >${names(to)}${clients.map((way) => ` clients-${way}`).join("")}`;
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
    "0 <12345 >12345 clients-in clients-out",
  ]);
  expect(shown(planPartition([["node-0", "clients"], "rest"], nodes, {}))).toEqual([
    "0 <12345 >12345",
    "1 < > clients-in clients-out",
    "2 < > clients-in clients-out",
    "3 < > clients-in clients-out",
    "4 < > clients-in clients-out",
    "5 < > clients-in clients-out",
  ]);
});

test("on the clients' plane nodes hear each other, and all but the last group lose their clients", () => {
  const clients = { plane: "clients" } as const;
  expect(shown(planPartition([["node-2"], "rest"], nodes, clients))).toEqual([
    "2 < > clients-in clients-out",
  ]);
  expect(shown(planPartition([["node-0"], ["node-1"], "rest"], nodes, clients))).toEqual([
    "0 < > clients-in clients-out",
    "1 < > clients-in clients-out",
  ]);
});

test("on the clients' plane a group that names them is the one that keeps them", () => {
  const clients = { plane: "clients" } as const;
  const cutFromZero = ["0 < > clients-in clients-out"];
  expect(shown(planPartition([["clients", "rest"], ["node-0"]], nodes, clients))).toEqual(cutFromZero);
  expect(shown(planPartition([["node-0"], ["clients", "rest"]], nodes, clients))).toEqual(cutFromZero);
  expect(shown(planPartition([["node-0"], ["node-1", "clients"], ["node-2"]], nodes, clients))).toEqual([
    "0 < > clients-in clients-out",
    "2 < > clients-in clients-out",
  ]);
});

test("one way, clients do not hear the first group, or are not heard where they are in it", () => {
  const oneWay = { plane: "clients", oneWay: true } as const;
  expect(shown(planPartition([["node-0"], "rest"], nodes, oneWay))).toEqual(["0 < > clients-out"]);
  expect(shown(planPartition([["node-0"], ["node-1"], ["rest", "clients"]], nodes, oneWay))).toEqual([
    "0 < > clients-out",
  ]);
  expect(shown(planPartition([["rest", "clients"], ["node-0"]], nodes, oneWay))).toEqual([
    "0 < > clients-in",
  ]);
  expect(
    shown(
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

test("everything that is wrong with groups is named at once", () => {
  const wrong = () => planPartition([["node-0", "node-9"], ["node-0"], []], nodes, {});
  expect(wrong).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(wrong).toThrow('"rest" or "clients", got "node-9"');
  expect(wrong).toThrow("expected each name once, got node-0 twice");
  expect(wrong).toThrow("expected a node in each group, got none in group 3");
  expect(() => planPartition(["rest"], nodes, {})).toThrow("expected two groups or more, got 1");
});

test.for([undefined, ["node-0", "rest"], [["node-0"], [1]], "rest"])(
  "%o are no groups, and a name is not taken for a list of letters",
  (groups) => {
    expect(() => planPartition(groups as [], nodes, {})).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("expected an array of groups"),
      }),
    );
  },
);

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
  const [cut] = cutsAround(nodes.slice(0, 1), nodes, "clients") as [Cut];
  const fromClients = "ip saddr != { 10.1.0.2, 10.1.0.3, 127.0.0.0/8 } tcp dport 6379";
  const toClients = "ip daddr != { 10.1.0.2, 10.1.0.3, 127.0.0.0/8 } tcp sport 6379";
  const few = renderRuleset("trc_x", cut, nodes.slice(0, 2), 0.25);
  expect(few).toContain(`${fromClients} numgen random mod 10000 < 2500 drop`);
  expect(few).toContain(`${toClients} numgen random mod 10000 < 2500 drop`);
  expect(renderRuleset("trc_x", cut, nodes.slice(0, 2), 1)).not.toContain("numgen");
  const oneWay = renderRuleset("trc_x", { ...cut, clients: ["out"] }, nodes.slice(0, 2), undefined);
  expect(oneWay).toContain(`${toClients} drop`);
  expect(oneWay).not.toContain(fromClients);
});

test("what is lost around a node is lost with every other, or on the clients' plane with clients only", () => {
  expect(shown(cutsAround(nodes.slice(1, 3), nodes, "bus"))).toEqual(["1 <02345 >02345", "2 <01345 >01345"]);
  expect(shown(cutsAround(nodes.slice(1, 2), nodes, "clients"))).toEqual(["1 < > clients-in clients-out"]);
});

test("a plane that does not exist is an error, not a cut of everything", () => {
  const options = { plane: "gossip" as "bus" };
  expect(() => planPartition([["node-0"], "rest"], nodes, options)).toThrow(
    'Invalid plane: expected one of "bus", "replication", "clients", "all", got "gossip".',
  );
});

test("of a node that starts while it is cut off, its answer can be hoped for, unless clients are cut off from it", () => {
  const isolated = planPartition([["node-0"], "rest"], nodes.slice(0, 3), {});
  expect(expectedReachability("node-0", isolated, undefined)).toBe("answer");
  expect(expectedReachability("node-1", isolated, undefined)).toBe("answer");
  expect(expectedReachability("node-5", isolated, undefined)).toBeUndefined();
  const muted = planPartition([["node-0"], ["rest", "clients"]], nodes, {});
  expect(expectedReachability("node-0", muted, undefined)).toBe("nothing");
  expect(expectedReachability("node-1", muted, undefined)).toBe("answer");
});

test("a node that others lose some packets to is kept from nothing", () => {
  const lossy = cutsAround(nodes.slice(0, 1), nodes, "all");
  expect(expectedReachability("node-0", lossy, 0.3)).toBe("answer");
  expect(expectedReachability("node-1", lossy, 0.3)).toBeUndefined();
  expect(expectedReachability("node-1", lossy, 1)).toBe("answer");
});

test("finds the nodes that cuts separate from most of the others, whichever side has the filters", () => {
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

test("a loss that drops every packet is total, and its rule has no chance", () => {
  expect([undefined, 1, 0.99996].map(isTotal)).toEqual([true, true, true]);
  expect([0.0001, 0.5, 0.9999].map(isTotal)).toEqual([false, false, false]);
  const [cut] = cutsAround(nodes.slice(0, 1), nodes, "bus");
  expect(renderRuleset("t", cut as Cut, nodes, 0.99996)).not.toContain("numgen");
});
