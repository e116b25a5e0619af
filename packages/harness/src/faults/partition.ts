import { RedisClusterError } from "../errors.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";

/**
 * What is cut: `bus`, gossip and votes; `replication`, the streams between nodes; `clients`, what comes from
 * outside the cluster; or `all` that nodes say to each other. Clients are cut off only where they are named.
 */
export type Plane = "bus" | "replication" | "clients" | "all";

const PLANES: readonly Plane[] = ["bus", "replication", "clients", "all"];

/** @throws RedisClusterError INVALID_ARGUMENT for what plain JavaScript may pass. */
export function requirePlane(plane: Plane): void {
  if (PLANES.includes(plane)) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `There is no plane ${JSON.stringify(plane)}: they are ${PLANES.join(", ")}.`,
  );
}

/** Nodes on one side: names, `"rest"` for all that no group names, `"clients"` for everybody outside the cluster. */
export type PartitionGroup = readonly string[] | "rest";

export interface PartitionOptions {
  /** Default `"all"`. With `"clients"`, the nodes of every group but the last lose their clients. */
  readonly plane?: Plane | undefined;
  /** Only what the first group says is lost on its way to the others; what they say arrives. Default false. */
  readonly oneWay?: boolean | undefined;
}

/** What one node's packet filter is to drop. */
export interface Cut {
  readonly node: NodePlan;
  readonly plane: Plane;
  /** Nodes whose packets are dropped as they come in. */
  readonly from: readonly NodePlan[];
  /** Nodes to which packets are dropped as they go out. */
  readonly to: readonly NodePlan[];
  readonly clients: boolean;
}

/**
 * Turns groups into what each node has to drop. Pure: a partition is data before it is anything else.
 *
 * @throws RedisClusterError INVALID_ARGUMENT naming everything that is wrong with the groups.
 */
export function planPartition(
  groups: readonly PartitionGroup[],
  nodes: readonly NodePlan[],
  { plane = "all", oneWay = false }: PartitionOptions,
): readonly Cut[] {
  requirePlane(plane);
  const sides = resolveGroups(groups, nodes);
  const clientsAt = sides.findIndex(({ clients }) => clients);
  if (plane === "clients") {
    return sides.slice(0, -1).flatMap(({ members }) => members.map((node) => cut(node, plane, [], [], true)));
  }
  // Both directions can be dropped at either end: the side with the most nodes need not be touched.
  const largest = sides.reduce((best, side) => (side.members.length > best.members.length ? side : best));
  return sides.flatMap((side, index) => {
    const others = sides.filter((each) => each !== side).flatMap(({ members }) => members);
    const clients = clientsAt !== -1 && clientsAt !== index;
    return side.members.flatMap((node) => {
      const [from, to] = oneWay
        ? [index === 0 ? [] : (sides[0]?.members ?? []), []]
        : side === largest
          ? [[], []]
          : [others, others];
      return from.length + to.length > 0 || clients ? [cut(node, plane, from, to, clients)] : [];
    });
  });
}

function cut(
  node: NodePlan,
  plane: Plane,
  from: readonly NodePlan[],
  to: readonly NodePlan[],
  clients: boolean,
): Cut {
  return { node, plane, from, to, clients };
}

interface Side {
  readonly members: readonly NodePlan[];
  readonly clients: boolean;
}

function resolveGroups(groups: readonly PartitionGroup[], nodes: readonly NodePlan[]): readonly Side[] {
  const lists = groups.map((group) => (group === "rest" ? ["rest"] : group));
  const named = lists.flat();
  const known = new Set(nodes.map(({ name }) => name));
  const problems: string[] = [];
  if (lists.length < 2) problems.push("a partition needs two groups or more");
  for (const name of new Set(named)) {
    if (name !== "rest" && name !== "clients" && !known.has(name))
      problems.push(`there is no node ${JSON.stringify(name)}`);
    if (named.filter((each) => each === name).length > 1) problems.push(`${name} is named twice`);
  }
  const sides = lists.map((list) => ({
    members: nodes.filter(
      ({ name }) => list.includes(name) || (list.includes("rest") && !named.includes(name)),
    ),
    clients: list.includes("clients"),
  }));
  for (const [index, side] of sides.entries()) {
    if (side.members.length === 0) problems.push(`group ${index + 1} holds no node`);
  }
  if (problems.length > 0) {
    throw new RedisClusterError("INVALID_ARGUMENT", `This is no partition: ${problems.join("; ")}.`, {
      details: { groups, problems },
    });
  }
  return sides;
}

/** Share of packets to drop, from 0 to 1; undefined or 1 drops all. */
export type LossShare = number | undefined;

/** The nftables ruleset of a cut, as a table of its own that can be deleted as one. */
export function renderRuleset(
  table: string,
  drop: Cut,
  everybody: readonly NodePlan[],
  loss: LossShare,
): string {
  const { node, plane } = drop;
  // Drawn anew for each packet; nftables counts in whole numbers, and refuses a comparison that is always true.
  const chance =
    loss === undefined || loss === 1 ? "" : `numgen random mod 10000 < ${Math.round(loss * 10_000)} `;
  const ports = plane === "bus" ? node.busPort : plane === "replication" ? node.port : undefined;
  const rules = (side: "saddr" | "daddr", peers: readonly NodePlan[]): readonly string[] => {
    if (peers.length === 0) return [];
    const match = `ip ${side} { ${peers.map(({ address }) => address).join(", ")} }`;
    if (ports === undefined) return [`${match} ${chance}drop`];
    // One node connects to the other's port, and either may have done so.
    return ["dport", "sport"].map((port) => `${match} tcp ${port} ${ports} ${chance}drop`);
  };
  const outsiders = `{ ${everybody.map(({ address }) => address).join(", ")}, 127.0.0.0/8 }`;
  const input = [
    ...rules("saddr", drop.from),
    ...(drop.clients ? [`ip saddr != ${outsiders} tcp dport ${node.port} ${chance}drop`] : []),
  ];
  const output = [
    ...rules("daddr", drop.to),
    ...(drop.clients ? [`ip daddr != ${outsiders} tcp sport ${node.port} ${chance}drop`] : []),
  ];
  const chain = (hook: string, lines: readonly string[]): string =>
    `  chain ${hook} {\n    type filter hook ${hook} priority -10; policy accept;\n${lines.map((line) => `    ${line}\n`).join("")}  }`;
  return `table inet ${table} {\n${chain("input", input)}\n${chain("output", output)}\n}\n`;
}
