import type { WaitOptions } from "../timing/call-deadline.ts";

/** The kinds of faults. */
export type FaultKind =
  | "kill"
  | "stop"
  | "pause"
  | "partition"
  | "loss"
  | "delay"
  | "slow-commands"
  | "freeze-replication";

/** Describes a fault. */
export interface FaultFacts {
  /** The kind of the fault. */
  readonly kind: FaultKind;
  /** The names of the nodes to which the fault was applied. */
  readonly nodes: readonly string[];
  /** When the fault began to be applied, in milliseconds since 1970, as `Date.now()` returns them. */
  readonly since: number;
  /** One line of text: the fault, its nodes, and the seed if nodes were chosen at random. */
  readonly description: string;
  /** The seed if nodes were chosen at random: `{ random, seed }` chooses the same nodes again. Otherwise undefined. */
  readonly seed: number | undefined;
}

/** A fault that is active. `await using` heals it at the end of the block. */
export interface ActiveFault extends FaultFacts, AsyncDisposable {
  /**
   * Reverts the fault and waits until that is done. A second call does nothing; after a call that failed, it tries again. After
   * `stop()` of the cluster, the end of an `await using` block does nothing.
   *
   * @throws RedisClusterError WAIT_TIMEOUT if the timeout passes.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects a request.
   * @throws RedisClusterError FAULT_FAILED if a packet filter or a delay cannot be removed.
   * @throws RedisClusterError START_FAILED or PORT_TAKEN if a killed or stopped node cannot be started.
   * @throws RedisClusterError NODE_NOT_RUNNING if the container of a killed or stopped node was removed.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()` of the cluster.
   */
  heal(options?: WaitOptions): Promise<void>;
}
