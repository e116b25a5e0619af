import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { Engine } from "../docker/engine.ts";
import { runInNetwork } from "../docker/run-in-network.ts";
import { applyToAll } from "./apply-to-all.ts";
import type { RestartConstraint } from "./fault-registry.ts";
import { helperError, type HelperTask } from "./helper-error.ts";
import { type Cut, expectedReachability, isTotal, type LossShare, renderRuleset } from "./plan-partition.ts";

const LOAD_TABLE = 'printf %s "$1" | nft -f -';
// If another program has restarted the node, its network is new and has no table.
const DELETE_TABLE = 'nft list table inet "$1" >/dev/null 2>&1 || exit 0; nft delete table inet "$1"';
const ADD_DELAY = "tc qdisc add dev eth0 root netem delay";
const DELETE_DELAY = "tc qdisc show dev eth0 | grep -q netem || exit 0; tc qdisc del dev eth0 root";
/**
 * With a longer delay, as much jitter, and a few round trips, a node may not answer within the library's timeout for a command.
 */
const MAX_ANSWERED_DELAY_MS = 500;

/** A fault in the networks of nodes that is active. */
export interface NetworkFault {
  /** Removes the fault from all networks. */
  readonly remove: () => Promise<void>;
  /** Returns what the fault means for a node that starts; undefined if it does not affect the node. */
  readonly constraintFor: (node: string) => RestartConstraint | undefined;
}

/**
 * Loads packet filters into the networks of nodes: into all of them or, if that fails for one, into none.
 *
 * @param table the name of the nftables table.
 * @throws RedisClusterError FAULT_UNSUPPORTED if the engine or its kernel lacks packet filters.
 * @throws RedisClusterError FAULT_FAILED if the filters cannot be loaded for another reason.
 */
export async function applyCuts(
  engine: Engine,
  cluster: ClusterNodes,
  table: string,
  cuts: readonly Cut[],
  loss: LossShare,
): Promise<NetworkFault> {
  const allNodes = cluster.nodes.map(({ plan }) => plan);
  const fault = await changeNetworks(
    cuts.map(({ node }) => nodeAt(cluster, node.index)),
    async (node) => {
      const cut = cuts.find(({ node: { index } }) => index === node.plan.index) as Cut;
      const task = isTotal(loss) ? "filter" : "loss";
      await runHelper(engine, cluster, node, task, LOAD_TABLE, renderRuleset(table, cut, allNodes, loss));
    },
    (node) => runHelper(engine, cluster, node, "heal", DELETE_TABLE, table),
  );
  return {
    remove: fault.remove,
    constraintFor: (name) => {
      const waitFor = expectedReachability(name, cuts, loss);
      if (waitFor === undefined) return undefined;
      const cut = cuts.find(({ node }) => node.name === name);
      return cut === undefined
        ? { waitFor }
        : { waitFor, reapply: () => fault.reapply(nodeAt(cluster, cut.node.index)) };
    },
  };
}

/**
 * Delays all packets that nodes send, with the netem queue of the kernel.
 *
 * @param delayMs the delay in milliseconds.
 * @param jitterMs the random deviation of the delay, in milliseconds.
 * @throws RedisClusterError FAULT_UNSUPPORTED if the kernel lacks the netem queue.
 * @throws RedisClusterError FAULT_FAILED if the delay cannot be applied for another reason.
 */
export async function applyDelay(
  engine: Engine,
  cluster: ClusterNodes,
  nodes: readonly ManagedNode[],
  delayMs: number,
  jitterMs: number,
): Promise<NetworkFault> {
  const fault = await changeNetworks(
    nodes,
    (node) =>
      runHelper(engine, cluster, node, "delay", `${ADD_DELAY} "$1" "$2"`, `${delayMs}ms`, `${jitterMs}ms`),
    (node) => runHelper(engine, cluster, node, "heal", DELETE_DELAY),
  );
  return {
    remove: fault.remove,
    constraintFor: (name) => {
      const node = nodes.find(({ plan }) => plan.name === name);
      if (node === undefined) return undefined;
      const waitFor = delayMs > MAX_ANSWERED_DELAY_MS ? "nothing" : "answer";
      return { waitFor, reapply: () => fault.reapply(node) };
    },
  };
}

interface NetworkChange {
  readonly remove: () => Promise<void>;
  /** Applies the change again to the new network of a node that was restarted. */
  readonly reapply: (node: ManagedNode) => Promise<void>;
}

/** Changes the networks of nodes: all of them or, if that fails for one, none. */
async function changeNetworks(
  nodes: readonly ManagedNode[],
  apply: (node: ManagedNode) => Promise<void>,
  revert: (node: ManagedNode) => Promise<void>,
): Promise<NetworkChange> {
  await applyToAll(nodes, apply, revert);
  const reapplying = new Set<Promise<void>>();
  return {
    remove: async () => {
      // The fault must also be removed from a new network to which it is being applied now.
      await Promise.allSettled(reapplying);
      await Promise.all(nodes.map(revert));
    },
    reapply: async (node) => {
      const applying = apply(node);
      reapplying.add(applying);
      try {
        await applying;
      } finally {
        reapplying.delete(applying);
      }
    },
  };
}

function nodeAt(cluster: ClusterNodes, index: number): ManagedNode {
  return cluster.nodes[index] as ManagedNode;
}

/** Runs a script in the network of a node, in a helper container. */
async function runHelper(
  engine: Engine,
  cluster: ClusterNodes,
  node: ManagedNode,
  task: HelperTask,
  script: string,
  ...args: readonly string[]
): Promise<void> {
  const { plan, container } = node;
  // The network of a stopped node no longer exists, and neither do its filters.
  if (script !== LOAD_TABLE && (await container.state()).status === "exited") return;
  const { exitCode, output } = await runInNetwork(engine, cluster.plan, container.id, script, ...args);
  if (exitCode === 0) return;
  throw helperError({ node: plan.name, task, exitCode, output, faultImage: cluster.plan.faultImage });
}
