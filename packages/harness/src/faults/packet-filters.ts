import type { Engine } from "../docker/engine.ts";
import { runInNetwork } from "../docker/run-in-network.ts";
import type { RestartConstraint } from "./fault-registry.ts";
import { helperError, type HelperTask } from "./helper-error.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import { applyToAll } from "./apply-to-all.ts";
import { type Cut, expectedReachability, isTotal, type LossShare, renderRuleset } from "./plan-partition.ts";

const LOAD = 'printf %s "$1" | nft -f -';
// A node that somebody else has started again has a new network without the table, and nothing to heal.
const UNLOAD = 'nft list table inet "$1" >/dev/null 2>&1 || exit 0; nft delete table inet "$1"';
const DELAY = "tc qdisc add dev eth0 root netem delay";
/** Past it, with as much jitter and a few round trips, a node may not answer in the time that the harness gives it. */
const LONG_DELAY_MS = 500;
const NO_DELAY = "tc qdisc show dev eth0 | grep -q netem || exit 0; tc qdisc del dev eth0 root";

/** Something in the networks of nodes that keeps packets back. */
export interface NetworkFault {
  /** Takes it out again. */
  readonly remove: () => Promise<void>;
  /** Returns what the fault means for a node that starts; undefined if it does not affect the node. */
  readonly constraintFor: (node: string) => RestartConstraint | undefined;
}

/**
 * Puts packet filters into the nodes' networks: all of them, or none.
 *
 * @throws RedisClusterError FAULT_UNSUPPORTED or FAULT_FAILED
 */
export async function applyCuts(
  engine: Engine,
  cluster: ClusterNodes,
  table: string,
  cuts: readonly Cut[],
  loss: LossShare,
): Promise<NetworkFault> {
  const everybody = cluster.nodes.map(({ plan }) => plan);
  const fault = await putInto(
    cuts.map(({ node }) => memberOf(cluster, node.index)),
    async (member) => {
      const cut = cuts.find(({ node }) => node.index === member.plan.index) as Cut;
      const task = isTotal(loss) ? "filter" : "loss";
      await helper(engine, cluster, member, task, LOAD, renderRuleset(table, cut, everybody, loss));
    },
    (member) => helper(engine, cluster, member, "heal", UNLOAD, table),
  );
  return {
    remove: fault.remove,
    constraintFor: (name) => {
      const waitFor = expectedReachability(name, cuts, loss);
      if (waitFor === undefined) return undefined;
      const own = cuts.find(({ node }) => node.name === name);
      return own === undefined
        ? { waitFor }
        : { waitFor, renew: () => fault.renew(memberOf(cluster, own.node.index)) };
    },
  };
}

/**
 * Holds back everything that nodes send, where the kernel can: it needs the netem queue, which not every kernel has.
 *
 * @throws RedisClusterError FAULT_UNSUPPORTED
 */
export async function applyDelay(
  engine: Engine,
  cluster: ClusterNodes,
  targets: readonly ManagedNode[],
  delayMs: number,
  jitterMs: number,
): Promise<NetworkFault> {
  const fault = await putInto(
    targets,
    (member) =>
      helper(engine, cluster, member, "delay", `${DELAY} "$1" "$2"`, `${delayMs}ms`, `${jitterMs}ms`),
    (member) => helper(engine, cluster, member, "heal", NO_DELAY),
  );
  return {
    remove: fault.remove,
    constraintFor: (name) => {
      const member = targets.find(({ plan }) => plan.name === name);
      if (member === undefined) return undefined;
      const waitFor = delayMs > LONG_DELAY_MS ? "nothing" : "answer";
      return { waitFor, renew: () => fault.renew(member) };
    },
  };
}

/** Puts something into the nodes' networks: into all of them, or none. */
async function putInto(
  targets: readonly ManagedNode[],
  put: (member: ManagedNode) => Promise<void>,
  takeOut: (member: ManagedNode) => Promise<void>,
): Promise<{ readonly remove: () => Promise<void>; readonly renew: (member: ManagedNode) => Promise<void> }> {
  await applyToAll(targets, put, takeOut);
  const renewals = new Set<Promise<void>>();
  return {
    remove: async () => {
      // What is being put into a new network at this moment is to be taken out of it, too.
      await Promise.allSettled(renewals);
      await Promise.all(targets.map(takeOut));
    },
    renew: async (member) => {
      const renewal = put(member);
      renewals.add(renewal);
      try {
        await renewal;
      } finally {
        renewals.delete(renewal);
      }
    },
  };
}

function memberOf(cluster: ClusterNodes, index: number): ManagedNode {
  return cluster.nodes[index] as ManagedNode;
}

async function helper(
  engine: Engine,
  cluster: ClusterNodes,
  member: ManagedNode,
  task: HelperTask,
  script: string,
  ...args: readonly string[]
): Promise<void> {
  // A dead node's network is gone, and every filter with it.
  if (script !== LOAD && (await member.container.state()).status === "exited") return;
  const { plan, container } = member;
  const { exitCode, output } = await runInNetwork(engine, cluster.plan, container.id, script, ...args);
  if (exitCode === 0) return;
  throw helperError({ node: plan.name, task, exitCode, output, faultImage: cluster.plan.faultImage });
}
