import type { ClusterClientOptions } from "./cluster-client.ts";

/** A client that finds a promoted replica soon: a workload is to measure the cluster more than ioredis' patience. */
const DEFAULTS: ClusterClientOptions = {
  retryDelayOnFailover: 20,
  retryDelayOnClusterDown: 20,
  slotsRefreshTimeout: 500,
};

/** Options of a workload's clients, and what these options put in front of every key. */
export interface WorkloadClientOptions {
  /** Of the clients that write. */
  readonly options: ClusterClientOptions;
  /** Of the client that reads back: it gets in as the others do, and does not give up as they may. */
  readonly readBack: ClusterClientOptions;
  readonly keyPrefix: string;
}

/**
 * Returns the options of a workload's clients. A `keyPrefix` of the user is taken out of them, so that the workload can
 * put it into the names of its keys: then findings name the keys as the server has them.
 */
export function workloadClientOptions(given: ClusterClientOptions = {}): WorkloadClientOptions {
  const { keyPrefix, redisOptions, ...rest } = given;
  const { keyPrefix: ofNodes, ...nodes } = redisOptions ?? {};
  const { username, password, tls } = nodes;
  const access = Object.entries({ username, password, tls }).filter(([, value]) => value !== undefined);
  return {
    // ioredis takes that of `redisOptions` only if the client has none of its own (`Cluster`'s constructor).
    keyPrefix: keyPrefix || ofNodes || "",
    options: { ...DEFAULTS, ...rest, redisOptions: nodes, scaleReads: "master" },
    readBack: { ...DEFAULTS, redisOptions: Object.fromEntries(access), scaleReads: "master" },
  };
}
