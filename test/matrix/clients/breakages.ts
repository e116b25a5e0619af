import type { ActiveFault, RedisClusterOptions, StartedRedisCluster } from "testcontainers-redis-cluster";
import type { Writers } from "./clients.ts";

/** The `cluster-node-timeout` of all clusters, in milliseconds: the value in the tutorial of Redis. */
export const NODE_TIMEOUT_MS = 5_000;

/** A cluster that is broken. */
interface BrokenCluster {
  /** When the servers acknowledged the first write of a shard that was broken, as `performance.now()` returns it. */
  readonly acceptsWritesAtMs: number;
  heal(): Promise<void>;
}

/** A column of the table: a cluster, and how it is broken. */
export interface Breakage {
  readonly name: string;
  readonly cluster: RedisClusterOptions;
  /** Whether all shards are broken, instead of that of the key. */
  readonly affectsAll?: boolean;
  /** Whether clients without an address map cannot use this cluster. */
  readonly needsAddressMap?: boolean;
  apply(cluster: StartedRedisCluster, key: string, writers: Writers): Promise<BrokenCluster>;
}

const DIRECT = { access: "direct" } as const;
/** A node that restarts has all writes that it has acknowledged. */
const PERSISTENT = { appendonly: "yes", appendfsync: "always" };

export const BREAKAGES: readonly Breakage[] = [
  { name: "kill", cluster: DIRECT, apply: observe((cluster, key) => cluster.killPrimary(key)) },
  { name: "pause", cluster: DIRECT, apply: observe((cluster, key) => cluster.pause({ primaryOf: key })) },
  {
    name: "graceful failover",
    cluster: DIRECT,
    async apply(cluster, key) {
      await cluster.failover({ replicaOf: key });
      return { acceptsWritesAtMs: performance.now(), heal: async () => {} };
    },
  },
  {
    name: "isolated primary",
    cluster: DIRECT,
    apply: observe((cluster, key) => cluster.isolate({ primaryOf: key })),
  },
  {
    name: "restart on another port",
    cluster: { access: "published", config: PERSISTENT },
    needsAddressMap: true,
    async apply(cluster, key, writers) {
      await cluster.restart({ primaryOf: key });
      writers.addressesChanged?.(cluster);
      await cluster.primaryOf(key);
      return { acceptsWritesAtMs: performance.now(), heal: async () => {} };
    },
  },
  {
    name: "all nodes restarted",
    cluster: { ...DIRECT, config: PERSISTENT },
    affectsAll: true,
    async apply(cluster) {
      await cluster.restart(cluster.nodes);
      await cluster.waitUntilHealthy();
      return { acceptsWritesAtMs: performance.now(), heal: async () => {} };
    },
  },
  {
    name: "kill, TLS",
    cluster: { ...DIRECT, tls: true },
    apply: observe((cluster, key) => cluster.killPrimary(key)),
  },
  {
    name: "kill, host names",
    cluster: { announce: "host" },
    apply: observe((cluster, key) => cluster.killPrimary(key)),
  },
];

/** Applies a fault, and observes the failover until a promoted node acknowledges writes. */
function observe(
  inject: (cluster: StartedRedisCluster, key: string) => Promise<ActiveFault>,
): Breakage["apply"] {
  return async (cluster, key) => {
    let fault: ActiveFault | undefined;
    const startedAt = performance.now();
    const failover = await cluster.observeFailover(
      async () => {
        fault = await inject(cluster, key);
        return fault;
      },
      { withinMs: 60_000 },
    );
    return {
      acceptsWritesAtMs: startedAt + (failover.phases.recoveredMs ?? Number.NaN),
      heal: async () => {
        await fault?.heal();
      },
    };
  };
}
