import type { Cluster } from "ioredis";
import type { ClientTls } from "./clients/access.ts";
import type { ClusterClientOptions } from "./clients/cluster-client.ts";
import { identifyNode } from "./clients/identify-node.ts";
import { OpenClients } from "./clients/open-clients.ts";
import { ProbeWriter } from "./clients/probe-writer.ts";
import { workloadClientOptions } from "./clients/workload-client.ts";
import type { ClusterNetwork } from "./docker/cluster-network.ts";
import { RedisClusterError } from "./errors.ts";
import { type ExpectedFailover, expectedFailoverMs } from "./failover/expected.ts";
import type { Failover, FailoverSubject, ObserveFailoverOptions } from "./failover/failover.ts";
import { observeFailover } from "./failover/observe-failover.ts";
import { CleanupStack } from "./lifecycle/cleanup-stack.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import { log } from "./lifecycle/log.ts";
import { poll } from "./lifecycle/poll.ts";
import { type WaitOptions, waitDeadline } from "./lifecycle/wait.ts";
import { readPromptViews } from "./observation/read-views.ts";
import { type Credentials, findCredentials } from "./plan/credentials.ts";
import { ResettableCluster, type ResettableParts } from "./resettable-cluster.ts";
import { asGuest } from "./sharing/as-guest.ts";
import type { StartupReport } from "./start-redis-cluster.ts";
import { tooSmallToFailOver } from "./view/automatic-failover.ts";
import type { NodeView } from "./view/cluster-view.ts";
import { describeOwnership, servingNodeBySlot } from "./view/ownership.ts";
import { parseInfo, serverVersion } from "./view/parse-info.ts";
import { whyNotReadable } from "./view/serving.ts";
import type { WorkloadOptions } from "./workload/options.ts";
import { startWorkload } from "./workload/start-workload.ts";
import type { NodeOrName, Workload } from "./workload/workload.ts";
import type { WorkloadTarget } from "./workload/workload-target.ts";

/** What a started cluster is made of; `startRedisCluster` hands it over. */
export interface ClusterParts extends ResettableParts {
  readonly network: ClusterNetwork;
  readonly cleanup: CleanupStack;
  readonly startup: StartupReport;
  /** What `stop()` of a handle that was lent stops as well: the handle that lent it. */
  readonly lender?: StartedRedisCluster | undefined;
}

/** What a workload of a started cluster takes. */
export interface ClusterWorkloadOptions extends WorkloadOptions {
  /**
   * Options of the ioredis clients that write, such as those that your service uses. The client that reads back at the
   * end takes only user name, password and TLS of them, so that a client that gives up does not cost the ledger. Default:
   * ioredis' own, but 20 ms for `retryDelayOnFailover` and `retryDelayOnClusterDown`, 500 for `slotsRefreshTimeout`, and
   * they ask who serves what when a node has not answered for 100 ms. With options given they do not: of a frozen primary
   * ioredis learns by `slotsRefreshInterval` only. `scaleReads` is always `"master"`: a replica that lags says nothing of
   * what is lost.
   */
  readonly client?: ClusterClientOptions | undefined;
}

const STOPPED = new RedisClusterError("CLUSTER_STOPPED", "The cluster has been stopped.");
/** A node that answers at all does so within this time, unless its machine is overloaded. */
const PROMPT_MS = 200;

/** Removing six containers takes half a second; an engine that needs a minute has other troubles. */
const STOP_MS = 60_000;
const STOP_MS_PER_NODE = 500;

/** A running cluster. `stop()` it, or hold it with `await using`. */
export class StartedRedisCluster extends ResettableCluster implements AsyncDisposable {
  /** The cluster's own network; a Testcontainers network, so an application's container can join it. */
  readonly network: ClusterNetwork;
  /** What a client of your own needs for TLS, in PEM; undefined where the cluster has none. */
  readonly tls: ClientTls | undefined;
  /** How long each phase of the start took, and which way formation went. */
  readonly startup: StartupReport;
  readonly #parts: ClusterParts;
  readonly #cleanup: CleanupStack;

  /** Made by `startRedisCluster` only. */
  constructor(parts: ClusterParts) {
    super(parts);
    this.network = parts.network;
    this.tls = parts.access.tls;
    this.startup = parts.startup;
    this.#parts = parts;
    this.#cleanup = parts.cleanup;
    parts.cleanup.add("the clients", () => this.closeClients(this.calls.ended ?? STOPPED));
    parts.cleanup.add("the connections of faults", () => this.releaseFaults());
    parts.cleanup.add("what is under way", () => this.endUse(this.calls.ended ?? STOPPED));
  }

  /**
   * A user's name and password, as the `redisOptions` of `connect` and other clients take them: of one that the
   * option `users` made, of the default one if it has a password, or of `harness` and `replication` if that is off.
   *
   * @throws RedisClusterError INVALID_ARGUMENT where there is no such user.
   */
  credentials(username: string): Credentials {
    return findCredentials(this.plan, username);
  }

  /**
   * Starts writers that go on while a test breaks things, each on a real ioredis client, and record every attempt.
   * Their `stop()` reads everything back and gives the ledger: what was acknowledged, lost, duplicated or stale, and
   * for how long each shard took no writes. Without it they end, and their clients are closed, with `await using`, with
   * `reset()` or with the cluster, and there is no ledger; their keys stay until a reset.
   *
   * @param wait for connecting the clients.
   * @throws InvalidOptionsError naming all options that are wrong. RedisClusterError CLUSTER_STOPPED; WAIT_TIMEOUT or
   * WAIT_ABORTED where the clients do not connect in time: none is left open.
   */
  async startWorkload(options: ClusterWorkloadOptions = {}, wait: WaitOptions = {}): Promise<Workload> {
    this.calls.refuseEnded();
    const { client, ...rest } = options;
    const clients = workloadClientOptions(client);
    const target: WorkloadTarget = {
      shardSlots: this.plan.shards.map(({ slots }) => slots),
      timeScale: this.plan.timeScale,
      nodeNames: this.plan.nodes.map(({ name }) => name),
      indexOf: (node) => this.#indexOf(node),
      clientKeyPrefix: clients.keyPrefix,
      // With options of its own it is to be seen what such a client does by itself.
      clientsLookAround: client === undefined,
      connect: () => this.connect(clients.options, wait),
      connectReader: (signal) => this.connect(clients.readBack, { signal }),
      identify: (connection) => identifyNode(connection, this.plan, this.addresses),
      servingNodeBySlot: async () => servingNodeBySlot(await this.#promptViews(), this.plan),
      ownership: async () => describeOwnership(await this.#promptViews()),
      whenWhole: (signal) =>
        poll(
          async () => {
            const view = await this.look();
            const reason = whyNotReadable(view.views);
            if (reason === undefined) return describeOwnership(view.views);
            await this.refuseHopeless(view);
            throw new Error(reason);
          },
          { everyMs: 20, signal },
        ),
      ...(tooSmallToFailOver(this.plan.shards.length) === undefined
        ? {}
        : { refuseHopeless: () => this.refuseHopeless() }),
      judged: (ledger) => this.recorder.addLedger(ledger),
      // Its log may be large, and the caller may still hold the workload itself.
      released: () => void this.workloads.delete(workload),
    };
    const ended = this.calls.signal("call");
    const workload = await startWorkload(target, rest);
    if (this.calls.ended !== undefined || ended.aborted) {
      // Too late to be ended with the others.
      await workload[Symbol.asyncDispose]();
      this.calls.refuseEnded();
      throw ended.reason;
    }
    this.workloads.add(workload);
    this.recorder.addSeed("workload", workload.seed);
    return workload;
  }

  /** The index of a node that a workload's caller gave. @throws RedisClusterError UNKNOWN_NODE */
  #indexOf(given: NodeOrName): number {
    const index = this.nodes.findIndex((node) => node === given || node.name === given);
    if (index !== -1) return index;
    const { length } = this.nodes;
    const text = typeof given === "string" ? JSON.stringify(given) : "a node of another cluster";
    throw new RedisClusterError(
      "UNKNOWN_NODE",
      `Looking for an acknowledged write: expected a node of this cluster or a name from node-0 to node-${length - 1}, got ${text}.`,
      { details: typeof given === "string" ? { name: given } : {} },
    );
  }

  /** The views of the nodes that answer promptly. */
  async #promptViews(): Promise<readonly NodeView[]> {
    this.calls.refuseEnded();
    const connections = this.members.nodes.map(({ connection }) => connection);
    return await readPromptViews(connections, PROMPT_MS * this.plan.timeScale);
  }

  /**
   * Watches the cluster from before `action` until it is whole again, and tells what happened in milliseconds since
   * the fault: who suspected the primary and who declared it dead, the election and its announced delay, the
   * promotion, when every node agreed, and when the promoted node acknowledged a write for the first time. It also counts
   * the writes that the old primary acknowledged after the promotion.
   *
   * `action` does whatever ends in a failover, such as `() => cluster.killMaster(key)`; nothing of it is taken back.
   * The fault began when its result says so in `since`, as every fault of this library does; where it gives nothing of
   * that kind, when the first fault of this library began that it applied; else when it was called. Meanwhile every shard is
   * written to, straight at its nodes; these connections are closed, and their keys deleted, when the promise settles.
   *
   * With one or two primaries Redis promotes no replica by itself: there the action has to do it, by
   * `failover(replica, { mode: "takeover" })` after a kill, or by `failover(replica)` alone.
   *
   * @throws RedisClusterError FAILOVER_TIMEOUT with the likely reason, when that took longer than `withinMs`;
   * FAILOVER_IMPOSSIBLE as soon as the action has ended with a failed primary in such a cluster;
   * WAIT_TIMEOUT where the observation can connect to no node; WAIT_ABORTED, also when the cluster is reset meanwhile;
   * CLUSTER_STOPPED, also when it is stopped; INVALID_ARGUMENT where `withinMs` is not above 0, or nobody serves a slot; and whatever `action`
   * throws.
   */
  async observeFailover(
    action: () => Promise<unknown>,
    options: ObserveFailoverOptions = {},
  ): Promise<Failover> {
    return await this.calls.track("observation", (ended) => this.#observe(action, options, ended));
  }

  async #observe(
    action: () => Promise<unknown>,
    options: ObserveFailoverOptions,
    stopped: AbortSignal,
  ): Promise<Failover> {
    const { signal: given } = options;
    await using probe = await this.calls.run("Connecting the probe", { signal: given }, (signal) =>
      ProbeWriter.open(this.plan, this.addresses, this.access, AbortSignal.any([signal, stopped])),
    );
    const subject: FailoverSubject = {
      plan: this.plan,
      connections: this.members.nodes.map(({ connection }) => connection),
      stopped,
      logStream: (node, since) => this.node(node).logStream({ since }),
      probe,
      refuseHopeless: () => this.refuseHopeless(),
      firstFaultSince: (ms) =>
        this.recorder.faults
          .map(({ since }) => since)
          .toSorted((a, b) => a - b)
          .find((since) => since >= ms),
    };
    try {
      const failover = await observeFailover(subject, action, options);
      this.recorder.addFailover(failover);
      return failover;
    } catch (error) {
      throw await this.calls.failed("Observing a failover", error);
    }
  }

  /**
   * Lends the cluster to one user, such as a test: a handle of its own for the same cluster, with its own nodes,
   * history, faults and workloads. It takes over this handle's `client`, so this handle needs a {@link reset} before it
   * is lent again. When the user is done, {@link leave} ends all that the user may still hold.
   *
   * @internal
   */
  lend(): StartedRedisCluster {
    this.calls.refuseEnded();
    const { sharing } = this.#parts;
    // Of its own, because it is closed for good when the user is done.
    const clients = new OpenClients<Cluster>();
    clients.track(this.client);
    return new StartedRedisCluster({
      ...this.#parts,
      client: this.client,
      clients,
      cleanup: new CleanupStack(),
      sharing: asGuest(sharing),
      // A connected handle is not the cluster's owner: its `stop()` leaves the cluster alone.
      lender: sharing.outlivesHandle ? undefined : this,
    });
  }

  /**
   * Ends the calls that are under way with TURN_OVER: waits and observations, faults that are being applied, a reset.
   * Later calls are not affected.
   *
   * @internal
   */
  async interrupt(message: string): Promise<void> {
    const reason = new RedisClusterError("TURN_OVER", message);
    await this.calls.end(["call", "observation", "reset"], reason);
  }

  /**
   * Ends this handle, but not the cluster: calls that are under way and later ones are rejected with TURN_OVER,
   * workloads are ended, faults reverted, clients closed. Dead nodes stay dead.
   *
   * @internal
   */
  async leave(message: string): Promise<void> {
    this.calls.close(new RedisClusterError("TURN_OVER", message));
    await this.#cleanup.run();
  }

  /**
   * How long a failover of one shard takes by the server's own rules, in milliseconds from the death of its primary to the
   * promotion, what that is made of, and how long until the promoted node executes commands (`serving`, as if its process
   * started at that moment): from the node timeout, the server's version and the fewest replicas of any planned shard. On a
   * machine that is not overloaded. `Infinity` if a shard has no replica, or the cluster fewer than three primaries. Of the cluster only the
   * version is asked; nothing is broken.
   *
   * @throws RedisClusterError CLUSTER_STOPPED; WAIT_TIMEOUT where no node answers; WAIT_ABORTED.
   */
  async expectedFailoverMs(options: WaitOptions = {}): Promise<ExpectedFailover> {
    const info = await this.calls.run("Asking for the server's version", options, (signal) =>
      this.ask(["INFO", "server"], signal),
    );
    const { shards, nodeTimeoutMs } = this.plan;
    const replicas = Math.min(...shards.map((shard) => shard.replicas.length));
    return expectedFailoverMs({
      nodeTimeoutMs,
      server: serverVersion(parseInfo(info)),
      // Where no replica can be promoted by itself, there might as well be none.
      replicas: tooSmallToFailOver(shards.length) === undefined ? replicas : 0,
    });
  }

  /**
   * Closes all clients and removes the containers, their volumes and the network; faults need no healing before. A
   * reset under way ends with CLUSTER_STOPPED. The handle of `connectRedisCluster` only closes what it opened, and takes
   * its faults back; dead nodes stay dead. A second call waits for the first; a call after a failed one tries again what
   * failed. A call that runs out of time, or is aborted, leaves the removal going on.
   *
   * @param options default time limit: a minute, and half a second for each node.
   * @throws RedisClusterError CLEANUP_FAILED naming what is left; WAIT_TIMEOUT or WAIT_ABORTED naming what was being
   * removed.
   */
  async stop(options: WaitOptions = {}): Promise<void> {
    if (this.#wasLeft) this.calls.refuseEnded();
    const { nodes, timeScale } = this.plan;
    using deadline = waitDeadline(
      () => `Stopping the cluster (phase: ${this.#cleanup.doing ?? "done"})`,
      options,
      { timeoutMs: STOP_MS + nodes.length * STOP_MS_PER_NODE, timeScale },
    );
    deadline.signal.throwIfAborted();
    this.calls.close(STOPPED);
    try {
      await orAborted(this.#stopAll(), deadline.signal);
      log("%s: stopped", this.plan.name);
    } catch (error) {
      throw await this.calls.failed("Stopping the cluster", error);
    }
  }

  get #wasLeft(): boolean {
    return this.calls.ended?.code === "TURN_OVER";
  }

  async #stopAll(): Promise<void> {
    await this.#cleanup.run();
    await this.#parts.lender?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#wasLeft) await this.stop();
  }
}
