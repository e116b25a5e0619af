import { RedisClusterError } from "../errors.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { shown } from "./shown.ts";

/**
 * What is cut: `bus`, gossip and votes; `replication`, the streams between nodes; `clients`, what comes from
 * outside the cluster; or `all` that nodes say to each other. Clients are cut off only where they are named.
 */
export type Plane = "bus" | "replication" | "clients" | "all";

const EXAMPLE = 'A valid one is [["node-0"], "rest"].';
const PLANES: readonly Plane[] = ["bus", "replication", "clients", "all"];

/** @throws RedisClusterError INVALID_ARGUMENT for what plain JavaScript may pass. */
export function requirePlane(plane: Plane): void {
  if (PLANES.includes(plane)) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid plane: expected one of ${PLANES.map(shown).join(", ")}, got ${shown(plane)}.`,
  );
}

/** Nodes on one side: names, `"rest"` for all that no group names, `"clients"` for everybody outside the cluster. */
export type PartitionGroup = readonly string[] | "rest";

export interface PartitionOptions {
  /**
   * Default `"all"`. With `"clients"` nodes go on hearing each other, and clients reach only the group that names
   * `"clients"` or, where none does, the last one.
   */
  readonly plane?: Plane | undefined;
  /**
   * Only what the first group says is lost on its way to the others; what they say arrives. Clients that a group names
   * are part of it, and with the plane `"clients"` of the last one where none names them. Default false.
   */
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
  /** Which of what it exchanges with clients is dropped: what they say, what it says, both, nothing. */
  readonly clients: readonly ClientDirection[];
}

type ClientDirection = "in" | "out";
const BOTH: readonly ClientDirection[] = ["in", "out"];

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
  const named = sides.findIndex(({ clients }) => clients);
  const clientsAt = named === -1 && plane === "clients" ? sides.length - 1 : named;
  const clientsLost = (index: number): readonly ClientDirection[] => {
    if (clientsAt === -1 || clientsAt === index) return [];
    if (!oneWay) return BOTH;
    return index === 0 ? ["out"] : clientsAt === 0 ? ["in"] : [];
  };
  // Both directions can be dropped at either end: the side with the most nodes need not be touched.
  const largest = sides.reduce((best, side) => (side.members.length > best.members.length ? side : best));
  return sides.flatMap((side, index) => {
    const others = sides.filter((each) => each !== side).flatMap(({ members }) => members);
    const clients = clientsLost(index);
    const [from, to] =
      plane === "clients"
        ? [[], []]
        : oneWay
          ? [index === 0 ? [] : (sides[0]?.members ?? []), []]
          : side === largest
            ? [[], []]
            : [others, others];
    return from.length + to.length + clients.length > 0
      ? side.members.map((node) => ({ node, plane, from, to, clients }))
      : [];
  });
}

/** What every one of these nodes exchanges with others is to suffer: with nodes or, on the plane of clients, with those. */
export function cutsAround(
  targets: readonly NodePlan[],
  everybody: readonly NodePlan[],
  plane: Plane,
): readonly Cut[] {
  return targets.map((node) => {
    const others = plane === "clients" ? [] : everybody.filter(({ index }) => index !== node.index);
    return { node, plane, from: others, to: others, clients: plane === "clients" ? BOTH : [] };
  });
}

interface Side {
  readonly members: readonly NodePlan[];
  readonly clients: boolean;
}

function resolveGroups(groups: readonly PartitionGroup[], nodes: readonly NodePlan[]): readonly Side[] {
  if (!Array.isArray(groups) || !groups.every(isGroup)) {
    throw new RedisClusterError(
      "INVALID_ARGUMENT",
      `Invalid partition: expected an array of groups, each "rest" or an array of node names, got ${shown(groups)}. ${EXAMPLE}`,
      { details: { groups } },
    );
  }
  const lists = groups.map((group) => (group === "rest" ? ["rest"] : group));
  const named = lists.flat();
  const known = new Set(nodes.map(({ name }) => name));
  const problems: string[] = [];
  if (lists.length < 2) problems.push(`expected two groups or more, got ${lists.length}`);
  for (const name of new Set(named)) {
    if (name !== "rest" && name !== "clients" && !known.has(name))
      problems.push(
        `expected names of nodes (${[...known].join(", ")}), "rest" or "clients", got ${shown(name)}`,
      );
    if (named.filter((each) => each === name).length > 1)
      problems.push(`expected each name once, got ${name} twice`);
  }
  const sides = lists.map((list) => ({
    members: nodes.filter(
      ({ name }) => list.includes(name) || (list.includes("rest") && !named.includes(name)),
    ),
    clients: list.includes("clients"),
  }));
  for (const [index, side] of sides.entries()) {
    if (side.members.length === 0)
      problems.push(`expected a node in each group, got none in group ${index + 1}`);
  }
  if (problems.length > 0) {
    throw new RedisClusterError("INVALID_ARGUMENT", `Invalid partition: ${problems.join("; ")}. ${EXAMPLE}`, {
      details: { groups, problems },
    });
  }
  return sides;
}

/** Also for values that TypeScript would not allow. */
function isGroup(group: unknown): boolean {
  return group === "rest" || (Array.isArray(group) && group.every((name) => typeof name === "string"));
}

/** Share of packets to drop, above 0 and up to 1; undefined or 1 drops all. */
export type LossShare = number | undefined;

/** Whether no packet gets through. nftables counts ten-thousandths, so a share of almost 1 drops every packet as well. */
export function isTotal(loss: LossShare): boolean {
  return loss === undefined || tenThousandths(loss) === 10_000;
}

function tenThousandths(loss: number): number {
  return Math.round(loss * 10_000);
}

/**
 * Returns the names of the nodes whose cluster bus is cut off from more than half of the other nodes, in one direction or
 * in both. A node on the larger side of a partition is not among them, whichever side the filters are on.
 *
 * @param cuts of filters that drop every packet.
 */
export function findCutOff(cuts: readonly Cut[], everybody: readonly NodePlan[]): readonly string[] {
  const missing = new Map(everybody.map(({ name }) => [name, new Set<string>()]));
  for (const { node, plane, from, to } of cuts) {
    if (plane !== "all" && plane !== "bus") continue;
    for (const { name } of [...from, ...to]) {
      missing.get(node.name)?.add(name);
      missing.get(name)?.add(node.name);
    }
  }
  const others = everybody.length - 1;
  return [...missing].flatMap(([name, peers]) => (2 * peers.size > others ? [name] : []));
}

/**
 * All that can be hoped for of a node that starts while packets are dropped: that it answers this program, or not even
 * that where its clients are cut off; undefined where the cuts do not concern it.
 */
export function expectedReachability(
  name: string,
  cuts: readonly Cut[],
  loss: LossShare,
): "answer" | "nothing" | undefined {
  const own = cuts.find(({ node }) => node.name === name);
  if (own !== undefined) return own.clients.length > 0 ? "nothing" : "answer";
  // What others lose on their way to it now and then keeps it from nothing.
  const cutOff = cuts.some(({ from, to }) => [...from, ...to].some((each) => each.name === name));
  return cutOff && isTotal(loss) ? "answer" : undefined;
}

/** The nftables ruleset of a cut, as a table of its own that can be deleted as one. */
export function renderRuleset(
  table: string,
  drop: Cut,
  everybody: readonly NodePlan[],
  loss: LossShare,
): string {
  const { node, plane } = drop;
  // Drawn anew for each packet; nftables counts in whole numbers, and refuses a comparison that is always true.
  const chance = isTotal(loss) ? "" : `numgen random mod 10000 < ${tenThousandths(Number(loss))} `;
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
    ...(drop.clients.includes("in") ? [`ip saddr != ${outsiders} tcp dport ${node.port} ${chance}drop`] : []),
  ];
  const output = [
    ...rules("daddr", drop.to),
    ...(drop.clients.includes("out")
      ? [`ip daddr != ${outsiders} tcp sport ${node.port} ${chance}drop`]
      : []),
  ];
  const chain = (hook: string, lines: readonly string[]): string =>
    `  chain ${hook} {\n    type filter hook ${hook} priority -10; policy accept;\n${lines.map((line) => `    ${line}\n`).join("")}  }`;
  return `table inet ${table} {\n${chain("input", input)}\n${chain("output", output)}\n}\n`;
}
