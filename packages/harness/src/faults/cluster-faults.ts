import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import type { FailoverObservation } from "../failover/failover-observation.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ActiveFault } from "./fault.ts";
import type {
  DelayPacketsOptions,
  DropPacketsOptions,
  FailoverOptions,
  KillOptions,
  PartitionOptions,
  RestartOptions,
} from "./options.generated.ts";
import type { PartitionGroup } from "./plan-partition.ts";
import type { Selector } from "./select.ts";
import type { Target } from "./target-resolver.ts";

/**
 * Breaks the cluster on purpose. Each fault method resolves when the fault is active and returns an {@link ActiveFault}. To remove
 * the fault, call its `heal()` or {@link heal}, or declare it with `await using`; `reset()` and `stop()` of the cluster remove it as
 * well. If a method rejects, what it has applied is reverted. If the engine applies a fault only after the call has timed out, the
 * fault is reverted as soon as it is active: {@link heal} and `reset()` wait for that.
 *
 * The methods are bound: `const { kill, heal } = cluster.faults` works.
 */
export interface ClusterFaults extends Pick<FailoverObservation, "observeFailover"> {
  /** The active faults, oldest first. */
  readonly activeFaults: readonly ActiveFault[];

  /**
   * Kills nodes: sends SIGKILL, or the signal that `with` names, and resolves when the containers have stopped.
   *
   * @param target a node, a node name, an array of these, or a selector such as `{ primaryOf: "order:42" }`.
   * @returns the fault. `heal()` starts the nodes that are still stopped, with their data, and waits as {@link restart} does. The
   * fault also ends when {@link restart} has started all its nodes.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid, or a selector finds no node.
   * @throws RedisClusterError NODE_NOT_RUNNING if one of the nodes is stopped.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * await using fault = await cluster.kill({ primaryOf: "order:42" });
   * await cluster.primaryOf("order:42"); // waits for the failover
   */
  readonly kill: (target: Target, options?: KillOptions) => Promise<ActiveFault>;

  /**
   * Kills the primary of a key. If no node owns the slot of the key now, waits until one does. A node instead of a key is killed
   * whatever its role is. In every other respect it is {@link kill}.
   *
   * @param target a key, or a node.
   * @throws RedisClusterError the codes of {@link kill}.
   * @example
   * const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
   */
  readonly killPrimary: (target: RedisClusterNode | string, options?: KillOptions) => Promise<ActiveFault>;

  /** The same as {@link killPrimary}, under the name that Redis used before version 5. */
  readonly killMaster: (target: RedisClusterNode | string, options?: KillOptions) => Promise<ActiveFault>;

  /**
   * Shuts nodes down with SIGTERM: they save their data if persistence is on, and close the connections of clients. A paused node
   * is resumed first, because a paused process does not handle signals.
   *
   * @param target as of {@link kill}.
   * @returns the fault. It ends in the same ways as the fault of {@link kill}.
   * @throws RedisClusterError the codes of {@link kill}.
   */
  readonly shutdown: (target: Target, options?: WaitOptions) => Promise<ActiveFault>;

  /** @deprecated Use {@link shutdown}. */
  readonly stopNode: (target: Target, options?: WaitOptions) => Promise<ActiveFault>;

  /**
   * Starts stopped nodes, or restarts running ones after SIGTERM. Resolves when the nodes have rejoined the cluster and, if they
   * are replicas, are in sync. A primary executes commands by then, unless the cluster is down for another reason; a server
   * rejects commands until its process is two seconds old. A sync is not waited for if the primary of the replica has failed and
   * the cluster has too few primaries to replace it.
   *
   * The data is what `persistence` kept, unless `data` is `"wiped"`. The network address stays the same; the host port may change,
   * and clients of this library find the new one. The restart ends kills, stops, pauses and slow commands of the node. Partitions,
   * loss, delays and frozen replication are applied again before the server starts. While one of them is active, the restart
   * resolves as soon as the node answers, or as soon as it runs if clients are cut off from it.
   *
   * A restart is not a fault and needs no healing. A call that rejects leaves the node in the state that it has reached.
   *
   * @param target as of {@link kill}.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if an argument is invalid, or a selector finds no node.
   * @throws RedisClusterError NODE_NOT_RUNNING if a container was removed.
   * @throws RedisClusterError START_FAILED if a container cannot be started.
   * @throws RedisClusterError PORT_TAKEN if another program uses the host port of the node.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError FAULT_FAILED if a network fault cannot be applied again.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * await cluster.restart("node-3", { data: "wiped" });
   */
  readonly restart: (target: Target, options?: RestartOptions) => Promise<void>;

  /**
   * Pauses nodes: the kernel suspends all processes of their containers, and their connections stay open.
   *
   * @param target as of {@link kill}.
   * @returns the fault. It also ends when {@link resume} or {@link restart} was called for all its nodes.
   * @throws RedisClusterError FAULT_UNSUPPORTED if the engine cannot pause containers: it runs without root, on a machine without
   * cgroups v2.
   * @throws RedisClusterError the codes of {@link kill}.
   */
  readonly pause: (target: Target, options?: WaitOptions) => Promise<ActiveFault>;

  /**
   * Resumes paused nodes, also if another program paused them, and ends their pauses. A node that runs is not changed. Resolves
   * when the processes run. The cluster detects that some time later.
   *
   * @param target as of {@link kill}.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if the target is invalid, or a selector finds no node.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  readonly resume: (target: Target, options?: WaitOptions) => Promise<void>;

  /**
   * Separates groups of nodes from each other by dropping packets in the networks of the nodes. Clients on this host still reach
   * every node, unless a group names `"clients"`: then they reach only that group. A node that {@link restart} starts stays
   * separated. The first network fault may pull the image of the option `faultImage`, which has a timeout of ten minutes.
   *
   * @param groups two or more groups. Each is an array of node names, which may contain `"clients"`, or `"rest"` for all other
   * nodes.
   * @returns the fault. `heal()` removes the filters; it does not wait until the cluster has recovered.
   * @throws RedisClusterError INVALID_ARGUMENT with everything that is wrong with the groups and options.
   * @throws RedisClusterError NODE_NOT_RUNNING if a node whose packets are to be dropped does not run.
   * @throws RedisClusterError IMAGE_UNAVAILABLE if the image of the option `faultImage` cannot be pulled.
   * @throws RedisClusterError FAULT_UNSUPPORTED if the engine or its kernel lacks packet filters.
   * @throws RedisClusterError FAULT_FAILED if the filters cannot be applied for another reason.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * await using fault = await cluster.partition([["node-0", "node-1"], "rest"]);
   */
  readonly partition: (
    groups: readonly PartitionGroup[],
    options?: PartitionOptions & WaitOptions,
  ) => Promise<ActiveFault>;

  /**
   * Separates one or several nodes together from all other nodes. It is a {@link partition} whose second group is the rest.
   *
   * @param target as of {@link kill}. At least one other node must remain.
   * @returns the fault. `heal()` removes the filters; it does not wait until the cluster has recovered.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError the codes of {@link partition}.
   */
  readonly isolate: (target: Target, options?: PartitionOptions & WaitOptions) => Promise<ActiveFault>;

  /**
   * Drops a random share of the packets that nodes exchange with the other nodes. `plane` limits it to some connections; with
   * `"clients"` it drops packets that they exchange with clients.
   *
   * @param target as of {@link kill}.
   * @param share the share of packets to drop, from 0.0001 to 1.
   * @returns the fault. `heal()` removes the filters; it does not wait until the cluster has recovered.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError the codes of {@link partition}.
   */
  readonly dropPackets: (target: Target, share: number, options?: DropPacketsOptions) => Promise<ActiveFault>;

  /** @deprecated Use {@link dropPackets}. */
  readonly loss: (target: Target, share: number, options?: DropPacketsOptions) => Promise<ActiveFault>;

  /**
   * Delays every packet that nodes send. The kernel of the engine's host must have the netem queue (`sch_netem`). The delay also
   * applies to a node that {@link restart} starts.
   *
   * @param target as of {@link kill}.
   * @param delayMs the delay in milliseconds, from 1 to 60 000.
   * @returns the fault. `heal()` removes the delay; it does not wait until the cluster has recovered.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError the codes of {@link partition}.
   */
  readonly delayPackets: (
    target: Target,
    delayMs: number,
    options?: DelayPacketsOptions,
  ) => Promise<ActiveFault>;

  /** @deprecated Use {@link delayPackets}. */
  readonly delay: (target: Target, delayMs: number, options?: DelayPacketsOptions) => Promise<ActiveFault>;

  /**
   * Delays the answers of nodes: a command is answered up to `delayMs` later, half of that on average. Gossip and replication are
   * not delayed. The fault ends for a node that is restarted.
   *
   * @param target as of {@link kill}.
   * @param delayMs the longest delay in milliseconds, from 1 to 1000.
   * @returns the fault.
   * @throws RedisClusterError FAULT_FAILED if a server rejects the command that delays its answers.
   * @throws RedisClusterError the codes of {@link kill}.
   */
  readonly slowCommands: (target: Target, delayMs: number, options?: WaitOptions) => Promise<ActiveFault>;

  /**
   * Stops the replication stream to replicas, which remain healthy members of the cluster. They do not receive what is written from
   * now on, also not after a {@link restart}. The certain way to lose an acknowledged write is to freeze replication, write, and
   * kill the primary.
   *
   * @param target as of {@link kill}. Every node must be a replica now.
   * @returns the fault. `heal()` removes the filters; it does not wait until the replicas are in sync.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError the codes of {@link partition}.
   */
  readonly freezeReplication: (target: Target, options?: WaitOptions) => Promise<ActiveFault>;

  /**
   * Promotes a replica to the primary of its shard with `CLUSTER FAILOVER`. Resolves when the replica is the primary and executes
   * commands, also if the other primaries elected it themselves meanwhile. If the cluster is down for another reason that its view
   * shows (a minority, or slots of another shard without an owner that answers), it resolves after the promotion.
   *
   * A request that the server abandons is sent again until the timeout. The error explains why the failover did not happen. Redis
   * keeps the votes of an election for twice the node timeout, at least two seconds, and does not start another one for as long
   * again. If a replica has just held an election, the request is sent only after that time. Before, the replica would promote
   * itself with the old votes, the other nodes would ignore it, and its writes would be lost. `"takeover"` needs no votes, and
   * Valkey 8.1 and newer forget them.
   *
   * A failover is not a fault and needs no healing: another failover reverses it. The server may still carry out a call that has
   * timed out, for up to 5 s.
   *
   * @param replica one replica: a node, its name, or a selector such as `{ replicaOf: "order:42" }`.
   * @param options.mode `"graceful"` loses no writes and needs a primary that answers, `"force"` needs no consent of the old
   * primary, and `"takeover"` also no votes.
   * @throws RedisClusterError UNKNOWN_NODE if the node does not belong to the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if the node is a primary already, or the target means several nodes.
   * @throws RedisClusterError NODE_NOT_RUNNING if the node is stopped or paused.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE at once, except for `"takeover"`, if a primary has failed in a cluster of one or
   * two primaries.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * await cluster.failover({ replicaOf: "order:42" });
   */
  readonly failover: (
    replica: RedisClusterNode | string | Selector,
    options?: FailoverOptions,
  ) => Promise<void>;

  /**
   * Heals every active fault, last in, first out, and waits until faults that became active too late are reverted. If one fault
   * cannot be healed, the others are still healed, and that fault stays active.
   *
   * @param options the timeout applies to each fault. @default the default of {@link ActiveFault.heal}
   * @throws RedisClusterError the codes of {@link ActiveFault.heal}: that of the first fault that could not be healed.
   */
  readonly heal: (options?: WaitOptions) => Promise<void>;

  /**
   * Returns the nodes that a target means now. A random seed is recorded in the history and in the debug log.
   *
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   * @throws RedisClusterError INVALID_ARGUMENT if the target is invalid, or a selector finds no node.
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   */
  readonly select: (target: Target, options?: WaitOptions) => Promise<readonly RedisClusterNode[]>;
}
