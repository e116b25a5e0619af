import type { Readable } from "node:stream";
import type { Redis } from "ioredis";
import { type Access, accessOptions } from "./clients/access.ts";
import type { AddressTable } from "./clients/address-table.ts";
import { openNodeClient } from "./clients/node-connection.ts";
import { whenReady } from "./clients/when-ready.ts";
import type { ContainerState, NodeRuntime } from "./docker/node-runtime.ts";
import { RedisClusterError } from "./errors.ts";
import { inTime, type WaitDefaults, type WaitOptions } from "./lifecycle/wait.ts";
import type { HostAndPort, NodePlan, NodeRole } from "./plan/cluster-plan.ts";

/** One node of a started cluster. */
export class RedisClusterNode {
  /** `node-0`, `node-1`, …: its name everywhere, DNS on the cluster's network included. */
  readonly name: string;
  /** Its place in `cluster.nodes` and in the plan, and the number in its name. */
  readonly index: number;
  /** The Redis Cluster node id: 40 hex characters. It keeps it through restarts and resets. */
  readonly id: string;
  /** The engine's id of its container, 64 hex characters; the same after a kill and a restart. */
  readonly containerId: string;
  /** Its address on the cluster's network, which it keeps for life. */
  readonly networkAddress: HostAndPort;
  /** The role it was given at the start. For the present one ask the cluster: `primaries()`, `replicas()`, `view()`. */
  readonly plannedRole: NodeRole;
  /** Index of the shard it was planned into. */
  readonly plannedShard: number;
  readonly #plan: NodePlan;
  readonly #access: Access;
  readonly #runtime: NodeRuntime;
  readonly #addresses: AddressTable;
  readonly #waitDefaults: WaitDefaults;
  #client: Redis | undefined;
  #closed = false;
  #over: string | undefined;

  constructor(
    plan: NodePlan,
    access: Access,
    runtime: NodeRuntime,
    addresses: AddressTable,
    waitDefaults: WaitDefaults,
  ) {
    this.name = plan.name;
    this.index = plan.index;
    this.id = plan.id;
    this.containerId = runtime.id;
    this.networkAddress = { host: plan.address, port: plan.port };
    this.plannedRole = plan.role;
    this.plannedShard = plan.shard;
    this.#plan = plan;
    this.#access = access;
    this.#runtime = runtime;
    this.#addresses = addresses;
    this.#waitDefaults = waitDefaults;
  }

  /**
   * Where this machine reaches it, or did when it ran last. A restart changes the port unless `firstHostPort` fixed it.
   *
   * @throws RedisClusterError NODE_NOT_RUNNING while it is dead and another node has got its port.
   */
  get mappedAddress(): HostAndPort {
    const mapped = this.#addresses.get(this.#plan);
    if (mapped === undefined) {
      throw new RedisClusterError(
        "NODE_NOT_RUNNING",
        `No address of ${this.name} is known here: it does not run, and has no port of its own any more.`,
      );
    }
    return mapped;
  }

  /**
   * An ioredis client to this node alone, whoever serves the key: a command for a slot of another node gets MOVED.
   * Made at first use; reconnects by itself after a restart, every 100 ms, to wherever the node is published then. Its
   * options are ioredis' own, but for `maxRetriesPerRequest: 1` (while the node is away, commands fail at every second
   * attempt to reach it, not at every 21st) and `disconnectTimeout: 100`; it logs in as the default user. The cluster
   * closes it; after `reset()` it is another one.
   *
   * @throws RedisClusterError CLUSTER_STOPPED after the cluster's `stop()`; TURN_OVER after the test whose fixture it is.
   */
  get client(): Redis {
    this.#refuseOver();
    if (this.#closed) throw new RedisClusterError("CLUSTER_STOPPED", "The cluster has been stopped.");
    this.#client ??= openNodeClient(this.#plan, this.#addresses, {
      ...accessOptions(this.#access),
      maxRetriesPerRequest: 1,
    });
    return this.#client;
  }

  /**
   * What the engine says of its container at this moment. After the cluster's `stop()` as well: the `status` of a
   * container that is gone is `"removed"`.
   *
   * @throws RedisClusterError ENGINE_FAILED, WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async state(options: WaitOptions = {}): Promise<ContainerState> {
    return await this.#asked("for its state", options, () => this.#runtime.state());
  }

  /**
   * Everything its container has printed so far, both streams in one, as text. Works after a kill as well, and tells of
   * the boots before.
   *
   * @param options `tail`: the last so many lines only. Default: all.
   * @throws RedisClusterError ENGINE_FAILED, also once the container is removed; WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async logs({ tail, ...options }: { readonly tail?: number } & WaitOptions = {}): Promise<string> {
    return await this.#asked("for its log", options, () =>
      this.#runtime.logs(tail === undefined ? {} : { tail }),
    );
  }

  /**
   * What its container has printed so far and goes on printing, both streams in one. Ends when the container ends; whoever
   * asks destroys it to stop earlier. The time limit is for its beginning.
   *
   * @param options `since`: only what came after this moment, in seconds since 1970. Default: all.
   * @throws RedisClusterError ENGINE_FAILED, also once the container is removed; WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async logStream({ since, ...options }: { readonly since?: number } & WaitOptions = {}): Promise<Readable> {
    return await this.#asked("for its log", options, () => this.#runtime.logStream(since));
  }

  async #asked<T>(what: string, options: WaitOptions, ask: () => Promise<T>): Promise<T> {
    this.#refuseOver();
    return await inTime(`Asking the engine ${what} (${this.name})`, options, this.#waitDefaults, ask);
  }

  /**
   * Waits until the client, if one was made and not closed, has found the node again after a restart: it tries every
   * 100 ms, and until then would give up a command that comes too early.
   *
   * @internal
   */
  async clientReady(signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client !== undefined && client.status !== "end") await whenReady(client, signal);
  }

  /** Closes the client, if one was made; the next use makes another one. A reset calls it. @internal */
  renewClient(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }

  #refuseOver(): void {
    if (this.#over !== undefined) throw new RedisClusterError("TURN_OVER", this.#over);
  }

  /**
   * Closes the client, if one was made, for good. The cluster calls it.
   *
   * @param over why the node can no longer be used although the cluster goes on.
   * @internal
   */
  disconnect(over?: string): void {
    this.#closed = true;
    this.#over = over;
    this.#client?.disconnect();
  }

  /** Its name. */
  toString(): string {
    return this.name;
  }
}
