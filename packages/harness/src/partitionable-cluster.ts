import { randomBytes } from "node:crypto";
import { BreakableCluster } from "./breakable-cluster.ts";
import { type Engine, ensureImage, hasImage, PULL_TIMEOUT_MS } from "./docker/engine.ts";
import { RedisClusterError } from "./errors.ts";
import type { ActiveFault } from "./faults/active-fault.ts";
import { type Member, requireNumber, requireStatus } from "./faults/member.ts";
import { applyCuts, applyDelay } from "./faults/network-faults.ts";
import {
  cutsAround,
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
import type { Target } from "./targetable-cluster.ts";

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
   * leave the other groups without them.
   *
   * @throws RedisClusterError INVALID_ARGUMENT for groups that are none, FAULT_FAILED where the filter cannot be set.
   */
  async partition(
    groups: readonly PartitionGroup[],
    options: PartitionOptions & WaitOptions = {},
  ): Promise<ActiveFault> {
    this.refuseStopped();
    const cuts = planPartition(groups, this.plan.nodes, options);
    const what = `${options.plane ?? "all"} cut${options.oneWay === true ? " one way" : ""} between ${groups
      .map((group) => (group === "rest" ? "rest" : group.join("+")))
      .join(" | ")}`;
    return await this.#filter("partition", cuts, undefined, options, undefined, what);
  }

  /** Cuts one node, or several together, off from all others. As {@link partition} with the rest on the other side. */
  async isolate(target: Target, options: PartitionOptions & WaitOptions = {}): Promise<ActiveFault> {
    const { members, seed } = await this.choose(target, options);
    const names = members.map(({ plan }) => plan.name);
    const cuts = planPartition([names, "rest"], this.plan.nodes, options);
    const what = `isolated (${options.plane ?? "all"}${options.oneWay === true ? ", one way" : ""})`;
    return await this.#filter("partition", cuts, undefined, options, seed, what, members);
  }

  /**
   * Loses a share of the packets, 0 to 1, that nodes exchange with the others, by chance. `plane` narrows it down;
   * with `"clients"` it is what they exchange with their clients.
   */
  async loss(
    target: Target,
    share: number,
    options: { readonly plane?: Plane | undefined } & WaitOptions = {},
  ): Promise<ActiveFault> {
    requireNumber("share", share, 0.0001, 1);
    const { members, seed } = await this.choose(target, options);
    const plane = options.plane ?? "all";
    requirePlane(plane);
    const targets = members.map(({ plan }) => plan);
    const cuts = cutsAround(targets, this.plan.nodes, plane);
    return await this.#filter(
      "loss",
      cuts,
      share,
      options,
      seed,
      `${share * 100} % of packets lost (${plane})`,
      members,
    );
  }

  /**
   * Holds back everything that nodes send by `delayMs`, more or less `jitterMs`. It needs a kernel with netem.
   *
   * @throws RedisClusterError FAULT_UNSUPPORTED where the engine's kernel has none.
   */
  async delay(
    target: Target,
    delayMs: number,
    options: { readonly jitterMs?: number | undefined } & WaitOptions = {},
  ): Promise<ActiveFault> {
    requireNumber("delayMs", delayMs, 1, 60_000);
    requireNumber("jitterMs", options.jitterMs ?? 0, 0, delayMs);
    await this.#bringHelper(options);
    return await this.apply("Delaying", target, options, async ({ members, seed }, signal) => {
      const since = Date.now();
      await requireStatus(members, "delayed", ["running"]);
      const applying = applyDelay(this.#engine, this.members, members, delayMs, options.jitterMs ?? 0);
      const undo = await this.inForce(applying, (late) => late(), signal);
      return this.enter("delay", members, since, seed, `delayed by ${delayMs} ms`, undo);
    });
  }

  /**
   * Stops the stream to replicas while they stay healthy members: what is written from now on, they do not have.
   * The certain way to lose an acknowledged write is to freeze, write and kill the primary.
   */
  async freezeReplication(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    const { members, seed } = await this.choose(target, options);
    const replicas = new Set((await this.replicas(options)).map(({ name }) => name));
    const wrong = members.filter(({ plan }) => !replicas.has(plan.name)).map(({ plan }) => plan.name);
    if (wrong.length > 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `${wrong.join(", ")} receives no stream: name a replica.`,
      );
    }
    const targets = members.map(({ plan }) => plan);
    const cuts = cutsAround(targets, this.plan.nodes, "replication");
    return await this.#filter(
      "freeze-replication",
      cuts,
      undefined,
      options,
      seed,
      "receives nothing more",
      members,
    );
  }

  async #filter(
    kind: "partition" | "loss" | "freeze-replication",
    cuts: ReturnType<typeof planPartition>,
    loss: LossShare,
    options: WaitOptions,
    seed: number | undefined,
    what: string,
    members: readonly Member[] = cuts.map(({ node }) => this.members.all[node.index] as Member),
  ): Promise<ActiveFault> {
    await this.#bringHelper(options);
    return await this.within(`Applying ${kind}`, options, async (signal) => {
      const touched = cuts.map(({ node }) => this.members.all[node.index] as Member);
      await requireStatus(touched, "cut off", ["running"]);
      signal.throwIfAborted();
      const since = Date.now();
      const table = `trc_${randomBytes(6).toString("hex")}`;
      const applying = applyCuts(this.#engine, this.members, table, cuts, loss);
      const undo = await this.inForce(applying, (late) => late(), signal);
      return this.enter(kind, members, since, seed, what, undo);
    });
  }

  /**
   * Sees at the first such fault that the helper's image is there. A first pull says nothing of the fault, and has its
   * own limit.
   */
  async #bringHelper({ signal, timeoutMs }: WaitOptions): Promise<void> {
    this.refuseStopped();
    if (this.#hasHelper) return;
    const { faultImage } = this.plan;
    const there = await this.within(
      `Looking for the image "${faultImage}"`,
      { signal, timeoutMs },
      (within) => orAborted(hasImage(this.#engine, faultImage), within),
    );
    if (!there) {
      this.#pulling ??= ensureImage(this.#engine, faultImage, "faultImage").finally(() => {
        this.#pulling = undefined;
      });
      const pulling = this.#pulling;
      await this.within(
        `Bringing the image "${faultImage}"`,
        { signal, timeoutMs: PULL_TIMEOUT_MS },
        (within) => orAborted(pulling, within),
      );
    }
    this.#hasHelper = true;
  }
}
