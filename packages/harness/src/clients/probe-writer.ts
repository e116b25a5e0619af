import type { Cluster } from "ioredis";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keyForRange } from "../plan/slots.ts";
import type { Access } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { closeCluster, connectCluster } from "./cluster-client.ts";
import { clearTimeout, setTimeout, wallClockMs } from "../clock/real-time.ts";

/** How soon the probe looks again; ioredis' default of 100 ms would be most of what is measured. */
const RETRY_MS = 10;
/** A connection that hangs, as one to a frozen node does, must not hold up the next try. */
const LIMIT_MS = 200;
/** While no node can be reached ioredis keeps commands for later, without a limit: so long the deletion may take. */
const DELETION_MS = 500;

/** Writes single keys through an ioredis `Cluster` of its own, which gives up at once where a service would try on. */
export class ProbeWriter implements AsyncDisposable {
  readonly #client: Cluster;
  readonly #keys = new Map<number, string>();

  private constructor(client: Cluster) {
    this.#client = client;
  }

  static async open(
    plan: ClusterPlan,
    addresses: AddressTable,
    access: Access,
    signal: AbortSignal,
  ): Promise<ProbeWriter> {
    const options = {
      maxRedirections: 2,
      retryDelayOnFailover: RETRY_MS,
      retryDelayOnClusterDown: RETRY_MS,
      slotsRefreshTimeout: LIMIT_MS,
      // Nothing tells a client that a frozen node was replaced: it has to ask somebody else.
      slotsRefreshInterval: LIMIT_MS,
      clusterRetryStrategy: () => RETRY_MS,
      redisOptions: { connectTimeout: LIMIT_MS, commandTimeout: LIMIT_MS, maxRetriesPerRequest: 0 },
    };
    return new ProbeWriter(await connectCluster(plan, addresses, access, options, signal));
  }

  /** Writes a key of a slot. Rejects when the write was refused or got no answer. */
  async write(slot: number): Promise<void> {
    let key = this.#keys.get(slot);
    if (key === undefined) {
      key = keyForRange({ first: slot, last: slot }, "testcontainers-redis-cluster:probe:");
      this.#keys.set(slot, key);
    }
    await this.#client.set(key, wallClockMs());
  }

  /** Deletes what it has written, where that can be done within half a second, and closes its client in any case. */
  async [Symbol.asyncDispose](): Promise<void> {
    const deletions = [...this.#keys.values()].map((key) => this.#client.del(key));
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DELETION_MS);
    try {
      await Promise.race([Promise.allSettled(deletions), over]);
    } finally {
      clearTimeout(timer);
      await closeCluster(this.#client);
    }
  }
}
