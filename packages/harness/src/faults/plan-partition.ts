import { RedisClusterError } from "../errors.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { formatValue } from "../schema/format-value.ts";
import type { PartitionOptions, Plane } from "./options.generated.ts";

const EXAMPLE = 'A valid one is [["node-0"], "rest"].';
/** The nodes on one side of a partition: names of nodes, `"rest"` for all other nodes, and `"clients"` for all clients. */
export type PartitionGroup = readonly string[] | "rest";

/** The packets that the filter of one node drops. */
export interface Cut {
  readonly node: NodePlan;
  readonly plane: Plane;
  /** The nodes whose incoming packets are dropped. */
  readonly from: readonly NodePlan[];
  /** The nodes to which outgoing packets are dropped. */
  readonly to: readonly NodePlan[];
  /** The directions in which packets between the node and clients are dropped. */
  readonly clients: readonly ClientDirection[];
}

type ClientDirection = "in" | "out";
const BOTH_DIRECTIONS: readonly ClientDirection[] = ["in", "out"];

/**
 * Returns the packets that each node must drop to separate groups. Nodes without packets to drop are not included.
 *
 * @throws RedisClusterError INVALID_ARGUMENT with all problems of the groups.
 */
export function planPartition(
  groups: readonly PartitionGroup[],
  nodes: readonly NodePlan[],
  { plane = "all", oneWay = false }: PartitionOptions,
): readonly Cut[] {
  const sides = resolveGroups(groups, nodes);
  const named = sides.findIndex(({ hasClients }) => hasClients);
  const clientSide = named === -1 && plane === "clients" ? sides.length - 1 : named;
  const droppedClientDirections = (index: number): readonly ClientDirection[] => {
    if (clientSide === -1 || clientSide === index) return [];
    if (!oneWay) return BOTH_DIRECTIONS;
    return index === 0 ? ["out"] : clientSide === 0 ? ["in"] : [];
  };
  // Each end can drop both directions. So the side with the most nodes needs no filters.
  const largest = sides.reduce((best, side) => (side.nodes.length > best.nodes.length ? side : best));
  return sides.flatMap((side, index) => {
    const others = sides.filter((other) => other !== side).flatMap((other) => other.nodes);
    const clients = droppedClientDirections(index);
    const [from, to] =
      plane === "clients"
        ? [[], []]
        : oneWay
          ? [index === 0 ? [] : (sides[0]?.nodes ?? []), []]
          : side === largest
            ? [[], []]
            : [others, others];
    return from.length + to.length + clients.length > 0
      ? side.nodes.map((node) => ({ node, plane, from, to, clients }))
      : [];
  });
}

/** Returns cuts around each of these nodes: from all other nodes or, on the plane `"clients"`, from clients. */
export function cutsAround(
  targets: readonly NodePlan[],
  allNodes: readonly NodePlan[],
  plane: Plane,
): readonly Cut[] {
  return targets.map((node) => {
    const others = plane === "clients" ? [] : allNodes.filter(({ index }) => index !== node.index);
    return { node, plane, from: others, to: others, clients: plane === "clients" ? BOTH_DIRECTIONS : [] };
  });
}

interface Side {
  readonly nodes: readonly NodePlan[];
  readonly hasClients: boolean;
}

function resolveGroups(groups: readonly PartitionGroup[], nodes: readonly NodePlan[]): readonly Side[] {
  if (!Array.isArray(groups) || !groups.every(isGroup)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Invalid partition: expected an array of groups, each "rest" or an array of node names, got ${formatValue(groups)}. ${EXAMPLE}`,
      { details: { groups } },
    );
  }
  const lists = groups.map((group) => (group === "rest" ? ["rest"] : group));
  const named = lists.flat();
  const nodeNames = new Set(nodes.map(({ name }) => name));
  const problems: string[] = [];
  if (lists.length < 2) problems.push(`expected two groups or more, got ${lists.length}`);
  for (const name of new Set(named)) {
    if (name !== "rest" && name !== "clients" && !nodeNames.has(name))
      problems.push(
        `expected names of nodes (${[...nodeNames].join(", ")}), "rest" or "clients", got ${formatValue(name)}`,
      );
    if (named.filter((other) => other === name).length > 1)
      problems.push(`expected each name once, got ${name} twice`);
  }
  const sides = lists.map((list) => ({
    nodes: nodes.filter(
      ({ name }) => list.includes(name) || (list.includes("rest") && !named.includes(name)),
    ),
    hasClients: list.includes("clients"),
  }));
  for (const [index, side] of sides.entries()) {
    if (side.nodes.length === 0)
      problems.push(`expected a node in each group, got none in group ${index + 1}`);
  }
  if (problems.length > 0) {
    throw new RedisClusterError("INVALID_ARGUMENT", `Invalid partition: ${problems.join("; ")}. ${EXAMPLE}`, {
      details: { groups, problems },
    });
  }
  return sides;
}

/** Returns whether a value, which plain JavaScript may have passed, is a group. */
function isGroup(group: unknown): boolean {
  return group === "rest" || (Array.isArray(group) && group.every((name) => typeof name === "string"));
}

/** The share of packets to drop, above 0 and up to 1. With undefined or 1 all packets are dropped. */
export type LossShare = number | undefined;

/** Returns whether all packets are dropped. nftables counts ten-thousandths, so a share of almost 1 drops all packets as well. */
export function isTotal(loss: LossShare): boolean {
  return loss === undefined || tenThousandths(loss) === 10_000;
}

function tenThousandths(loss: number): number {
  return Math.round(loss * 10_000);
}

/**
 * Returns the names of the nodes whose cluster bus is cut off from more than half of the other nodes, in one direction or in
 * both. This does not include nodes on the larger side of a partition, whichever side has the filters.
 *
 * @param cuts the cuts of filters that drop all packets.
 */
export function findCutOff(cuts: readonly Cut[], allNodes: readonly NodePlan[]): readonly string[] {
  const unreachable = new Map(allNodes.map(({ name }) => [name, new Set<string>()]));
  for (const { node, plane, from, to } of cuts) {
    if (plane !== "all" && plane !== "bus") continue;
    for (const { name } of [...from, ...to]) {
      unreachable.get(node.name)?.add(name);
      unreachable.get(name)?.add(node.name);
    }
  }
  const otherCount = allNodes.length - 1;
  return [...unreachable].flatMap(([name, peers]) => (2 * peers.size > otherCount ? [name] : []));
}

/**
 * Returns what can be waited for if a node starts while packets are dropped: `"answer"` if the node can answer this program, and
 * `"nothing"` if its clients are cut off. Returns undefined if the cuts do not affect the node.
 */
export function expectedReachability(
  name: string,
  cuts: readonly Cut[],
  loss: LossShare,
): "answer" | "nothing" | undefined {
  const ownCut = cuts.find(({ node }) => node.name === name);
  if (ownCut !== undefined) return ownCut.clients.length > 0 ? "nothing" : "answer";
  // If other nodes drop only a share of its packets, the node can still rejoin.
  const isCutOff = cuts.some(({ from, to }) => [...from, ...to].some((peer) => peer.name === name));
  return isCutOff && isTotal(loss) ? "answer" : undefined;
}

/** Renders the nftables ruleset of a cut, as a separate table, so that the whole ruleset can be deleted at once. */
export function renderRuleset(
  table: string,
  cut: Cut,
  allNodes: readonly NodePlan[],
  loss: LossShare,
): string {
  const { node, plane } = cut;
  // A random number for each packet. nftables uses integers, and rejects a comparison that is always true.
  const condition = isTotal(loss) ? "" : `numgen random mod 10000 < ${tenThousandths(Number(loss))} `;
  const ports = plane === "bus" ? node.busPort : plane === "replication" ? node.port : undefined;
  const rules = (side: "saddr" | "daddr", peers: readonly NodePlan[]): readonly string[] => {
    if (peers.length === 0) return [];
    const match = `ip ${side} { ${peers.map(({ address }) => address).join(", ")} }`;
    if (ports === undefined) return [`${match} ${condition}drop`];
    // Either node may have opened the connection to the port of the other one.
    return ["dport", "sport"].map((port) => `${match} tcp ${port} ${ports} ${condition}drop`);
  };
  // A node sends nothing to its own address. Rootless Podman forwards the packets of clients on this host from there.
  const others = allNodes.filter(({ index }) => index !== node.index);
  const insiders = `{ ${[...others.map(({ address }) => address), "127.0.0.0/8"].join(", ")} }`;
  const input = [
    ...rules("saddr", cut.from),
    ...(cut.clients.includes("in")
      ? [`ip saddr != ${insiders} tcp dport ${node.port} ${condition}drop`]
      : []),
  ];
  const output = [
    ...rules("daddr", cut.to),
    ...(cut.clients.includes("out")
      ? [`ip daddr != ${insiders} tcp sport ${node.port} ${condition}drop`]
      : []),
  ];
  const chain = (hook: string, lines: readonly string[]): string =>
    `  chain ${hook} {\n    type filter hook ${hook} priority -10; policy accept;\n${lines.map((line) => `    ${line}\n`).join("")}  }`;
  return `table inet ${table} {\n${chain("input", input)}\n${chain("output", output)}\n}\n`;
}
