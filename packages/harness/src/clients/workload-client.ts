import type { ClusterClientOptions } from "./cluster-client.ts";

/** With these delays a client finds a promoted replica soon. A workload must measure the cluster, not the delays of ioredis. */
const DEFAULTS: ClusterClientOptions = {
  retryDelayOnFailover: 20,
  retryDelayOnClusterDown: 20,
  slotsRefreshTimeout: 500,
};

/** The options of the clients of a workload, and the prefix of its keys. */
export interface WorkloadClientOptions {
  /** The options of the clients that write. */
  readonly options: ClusterClientOptions;
  /** The options of the client that reads back: it has the same credentials, but no options that make it give up. */
  readonly readBack: ClusterClientOptions;
  readonly keyPrefix: string;
}

/**
 * Returns the options of the clients of a workload. A `keyPrefix` of the user is removed from them, and the workload adds the prefix
 * to its keys itself, so that findings contain the names of the keys on the server.
 */
export function workloadClientOptions(given: ClusterClientOptions = {}): WorkloadClientOptions {
  const { keyPrefix, redisOptions, ...rest } = given;
  const { keyPrefix: nodeKeyPrefix, ...nodeOptions } = redisOptions ?? {};
  const { username, password, tls } = nodeOptions;
  const access = Object.entries({ username, password, tls }).filter(([, value]) => value !== undefined);
  return {
    // ioredis uses the prefix of `redisOptions` only if the options of the cluster client have none (constructor of `Cluster`).
    keyPrefix: keyPrefix || nodeKeyPrefix || "",
    options: { ...DEFAULTS, ...rest, redisOptions: nodeOptions, scaleReads: "master" },
    readBack: { ...DEFAULTS, redisOptions: Object.fromEntries(access), scaleReads: "master" },
  };
}
