import { randomBytes } from "node:crypto";
import { BreakableCluster } from "./breakable-cluster.ts";
import { type Engine, ensureImage, hasImage, PULL_TIMEOUT_MS } from "./docker/engine.ts";
import { RedisClusterError } from "./errors.ts";
import type { ActiveFault } from "./faults/active-fault.ts";
import type { ManagedNode } from "./cluster/managed-node.ts";
import { requireStatus } from "./faults/apply-to-all.ts";
import { requireNumber } from "./faults/validate.ts";
import { applyCuts, applyDelay, type NetworkFault } from "./faults/network-faults.ts";
import {
  type Cut,
  cutsAround,
  isTotal,
  type LossShare,
  type PartitionGroup,
  type PartitionOptions,
  type Plane,
  planPartition,
  requirePlane,
} from "./faults/partition.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import type { ObservableParts } from "./observable-cluster.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { Aim, Chosen, Target } from "./targetable-cluster.ts";
import { replicasOfShard } from "./view/serving.ts";
import { wallClockMs } from "./clock/real-time.ts";

/** A fault that is made of packet filters. */
interface Filter {
  readonly kind: "partition" | "loss" | "freeze-replication";
  /** As in `Isolating node-0`. */
  readonly doing: string;
  readonly what: string;
  readonly loss?: LossShare;
  /** Decided when it is known who is meant. */
  readonly cuts: (chosen: readonly ManagedNode[], signal: AbortSignal) => Promise<readonly Cut[]>;
}

/** The part of a started cluster that breaks what is between its nodes. As {@link BreakableCluster} in all else. */
export class PartitionableCluster extends BreakableCluster {
  readonly #engine: Engine;
  #hasHelper = false;
  #pulling: Promise<void> | undefined;

  constructor(parts: ObservableParts) {
    super(parts);
    this.#engine = parts.engine;
  }

  /**
   * Cuts groups of nodes off from each other: `partition([["node-0", "node-1"], "rest"])`. Packets are dropped
   * inside the nodes' networks, so that clients on this host still reach every node; name `"clients"` in a group to
   * leave the other groups without them. A node that {@link restart} starts stays cut off. A first network fault may have
   * to pull the option `faultImage`, which has ten minutes of its own.
   *
   * @returns the fault, in force until its `heal()` or `await using`, {@link heal} or `reset()`; healing does not wait
   * for the cluster to recover.
   * @throws RedisClusterError before anything is done INVALID_ARGUMENT with all that is wrong with the groups,
   * NODE_NOT_RUNNING, IMAGE_UNAVAILABLE; otherwise FAULT_UNSUPPORTED if the engine or its kernel cannot do it,
   * FAULT_FAILED if the helper failed, ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED, and it is undone.
   */
  async partition(
    groups: readonly PartitionGroup[],
    options: PartitionOptions & WaitOptions = {},
  ): Promise<ActiveFault> {
    this.calls.refuseEnded();
    const cuts = planPartition(groups, this.plan.nodes, options);
    const words = groups.map((group) => (group === "rest" ? "rest" : group.join("+"))).join(" | ");
    const members = cuts.map(({ node }) => this.members.nodes[node.index] as ManagedNode);
    const aim: Aim = { words, find: () => Promise.resolve({ members, seed: undefined }) };
    return await this.#filter(aim, options, {
      kind: "partition",
      doing: "Cutting off",
      what: `${planeOf(options)} cut${options.oneWay === true ? " one way" : ""} between ${words}`,
      cuts: () => Promise.resolve(cuts),
    });
  }

  /**
   * Cuts one node, or several together, off from all others: a {@link partition} with the rest on the other side.
   *
   * @returns the fault, which ends as that of {@link partition} does.
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT for a target that is none, or leaves no other node; in all
   * else as {@link partition}.
   */
  async isolate(target: Target, options: PartitionOptions & WaitOptions = {}): Promise<ActiveFault> {
    requirePlane(planeOf(options));
    return await this.#filter(this.aim(target), options, {
      kind: "partition",
      doing: "Isolating",
      what: `isolated (${planeOf(options)}${options.oneWay === true ? ", one way" : ""})`,
      cuts: async (chosen) =>
        planPartition([chosen.map(({ plan }) => plan.name), "rest"], this.plan.nodes, options),
    });
  }

  /**
   * Loses a share of the packets, 0.0001 to 1, that nodes exchange with the others, by chance. `plane` narrows it down;
   * with `"clients"` it is what they exchange with their clients.
   *
   * @returns the fault, which ends as that of {@link partition} does.
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT for a target, share or plane that is none; in all else as
   * {@link partition}.
   */
  async loss(
    target: Target,
    share: number,
    options: { readonly plane?: Plane | undefined } & WaitOptions = {},
  ): Promise<ActiveFault> {
    requireNumber("share", share, 0.0001, 1);
    const plane = planeOf(options);
    requirePlane(plane);
    return await this.#filter(this.aim(target), options, {
      kind: "loss",
      doing: "Losing packets of",
      what: `${share * 100} % of packets lost (${plane})`,
      loss: share,
      cuts: async (chosen) =>
        cutsAround(
          chosen.map(({ plan }) => plan),
          this.plan.nodes,
          plane,
        ),
    });
  }

  /**
   * Holds back everything that nodes send by `delayMs` (1 to 60 000), more or less `jitterMs` (0, the default, to
   * `delayMs`). It needs a kernel with netem. It holds for a node that {@link restart} starts, too.
   *
   * @returns the fault, which ends as that of {@link partition} does.
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT for a target or number that is none; in all else as
   * {@link partition}.
   */
  async delay(
    target: Target,
    delayMs: number,
    options: { readonly jitterMs?: number | undefined } & WaitOptions = {},
  ): Promise<ActiveFault> {
    const { jitterMs = 0 } = options;
    requireNumber("delayMs", delayMs, 1, 60_000);
    requireNumber("jitterMs", jitterMs, 0, delayMs);
    const aim = this.aim(target);
    const wait = this.calls.bound(options);
    await this.#bringHelper(wait);
    return await this.apply("Delaying", aim, wait, async (chosen, signal) => {
      const since = wallClockMs();
      await requireStatus(chosen.members, "delayed", ["running"], signal);
      const { remove: undo, standing } = await this.#activate(
        "Delaying",
        chosen.members,
        () => applyDelay(this.#engine, this.members, chosen.members, delayMs, jitterMs),
        signal,
      );
      return this.enter("delay", chosen, since, `delayed by ${delayMs} ms`, { undo, standing });
    });
  }

  /**
   * Stops the stream to replicas while they stay healthy members: what is written from now on, they do not have, and do
   * not get by a {@link restart} either. The certain way to lose an acknowledged write is to freeze, write and kill the
   * primary.
   *
   * @returns the fault, which ends as that of {@link partition} does.
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT for a target that is none, or is no replica; in all else as
   * {@link partition}.
   */
  async freezeReplication(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    return await this.#filter(this.aim(target), options, {
      kind: "freeze-replication",
      doing: "Freezing",
      what: "receives nothing more",
      cuts: async (chosen, signal) => {
        const replicas = replicasOfShard((await orAborted(this.look(), signal)).views, undefined);
        const wrong = chosen.map(({ plan }) => plan.name).filter((name) => !replicas.includes(name));
        if (wrong.length > 0) {
          throw new RedisClusterError(
            "INVALID_ARGUMENT",
            `Invalid target of freezeReplication(): expected ${oneOf(replicas)}, got ${wrong.join(", ")}. ` +
              "Only a replica receives a stream.",
            { details: { replicas, wrong } },
          );
        }
        return cutsAround(
          chosen.map(({ plan }) => plan),
          this.plan.nodes,
          "replication",
        );
      },
    });
  }

  /** Applies what is done to nodes' networks. A cluster that others use as well tells them before. */
  protected async announced(
    _members: readonly ManagedNode[],
    apply: () => Promise<NetworkFault>,
  ): Promise<NetworkFault> {
    return await apply();
  }

  async #filter(aim: Aim, options: WaitOptions, filter: Filter): Promise<ActiveFault> {
    const wait = this.calls.bound(options);
    await this.#bringHelper(wait);
    return await this.apply(filter.doing, aim, wait, async (chosen: Chosen, signal) => {
      const cuts = await filter.cuts(chosen.members, signal);
      const touched = cuts.map(({ node }) => this.members.nodes[node.index] as ManagedNode);
      await requireStatus(touched, "cut off", ["running"], signal);
      const since = wallClockMs();
      const table = `trc_${randomBytes(6).toString("hex")}`;
      const { remove: undo, standing } = await this.#activate(
        filter.doing,
        touched,
        () => applyCuts(this.#engine, this.members, table, cuts, filter.loss),
        signal,
      );
      return this.enter(filter.kind, chosen, since, filter.what, {
        undo,
        standing,
        cuts: isTotal(filter.loss) ? cuts : undefined,
      });
    });
  }

  /** Announces a network fault, and waits until it is active. */
  async #activate(
    doing: string,
    members: readonly ManagedNode[],
    apply: () => Promise<NetworkFault>,
    signal: AbortSignal,
  ): Promise<NetworkFault> {
    const applying = this.announced(members, apply);
    return await this.inForce(doing, members, applying, (late) => late.remove(), signal);
  }

  /**
   * Sees at the first such fault that the helper's image is there. A first pull says nothing of the fault, and has its
   * own limit.
   */
  async #bringHelper({ signal, timeoutMs }: WaitOptions): Promise<void> {
    if (this.#hasHelper) return;
    const { faultImage } = this.plan;
    const there = await this.calls.run(
      `Looking for the image "${faultImage}"`,
      { signal, timeoutMs },
      (within) => orAborted(hasImage(this.#engine, faultImage), within),
    );
    if (!there) {
      this.#pulling ??= ensureImage(this.#engine, faultImage, "faultImage").finally(() => {
        this.#pulling = undefined;
      });
      const pulling = this.#pulling;
      await this.calls.run(
        `Bringing the image "${faultImage}"`,
        { signal, timeoutMs: PULL_TIMEOUT_MS },
        (within) => orAborted(pulling, within),
      );
    }
    this.#hasHelper = true;
  }
}

function oneOf(replicas: readonly string[]): string {
  if (replicas.length === 0) return "a replica, and no node that answers is one now";
  return replicas.length === 1
    ? `${replicas.join()}, the only replica now`
    : `one or more of the replicas ${replicas.join(", ")}`;
}

function planeOf({ plane = "all" }: { readonly plane?: Plane | undefined }): Plane {
  return plane;
}
