import type { Cluster } from "ioredis";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { Credentials } from "../plan/credentials.ts";
import type { ClientTls } from "./access.ts";
import type { ClientOptions } from "./cluster-client.ts";
import type { ClientLocation, ConnectionInfo } from "./connection-info.ts";
import type { ClientLibraries, ConnectOptions } from "./libraries/client-libraries.ts";

/** Clients of the cluster, and what an application needs to create its own. */
export interface ClusterClients {
  /**
   * A connected ioredis `Cluster` with the default options of ioredis. It finds each node after a restart, whether the nodes
   * announce addresses, names, or unknown endpoints. A `duplicate()` of it behaves in the same way. The cluster closes the client
   * and all its duplicates in `stop()` and `reset()`. After a reset, `client` returns a new client, so read it in each test.
   * @example
   * await cluster.client.set("order:42", "paid");
   */
  readonly client: Cluster;

  /** The certificates that a client of your own needs, in PEM; undefined if the cluster has no TLS. */
  readonly tls: ClientTls | undefined;

  /**
   * Opens another client with your own options and waits until it is connected: an ioredis `Cluster`, or a cluster client of the
   * library that the option `client` names. The cluster closes it in `stop()` and `reset()`.
   *
   * An ioredis client finds nodes after a restart, as {@link client} does. The cluster also closes its duplicates, and it uses real
   * timers. A client of another library gets the addresses of the nodes, an address map that follows restarts, the credentials and
   * the certificates. Everything else is as the library does it.
   *
   * A `natMap` of your own, function or object, is used first, also for the nodes to which the client connects initially, for
   * example to send all traffic through a proxy in front of each node. Its keys are the addresses that nodes announce, such as
   * `10.192.0.2:6379`. A node for which it returns nothing is connected to directly.
   *
   * @param options the option `client`, and the options of the client of that library. With `lazyConnect`, an ioredis client is
   * returned before it is connected.
   * @param wait the timeout and a signal. On failure the client is closed.
   * @default wait.timeoutMs 10 000 ms, or ten node timeouts if that is longer
   * @throws RedisClusterError INVALID_ARGUMENT if `natMap` is neither a function nor an object, if the library is unknown, or if it
   * cannot connect to this cluster.
   * @throws RedisClusterError CLIENT_MISSING if the package of the library is not installed, or its version is not supported.
   * @throws RedisClusterError WAIT_TIMEOUT with the last error of the client.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()`.
   * @example
   * const client = await cluster.connect({ client: "node-redis", useReplicas: true });
   * await client.set("order:42", "paid");
   */
  connect<Name extends keyof ClientLibraries = "ioredis">(
    options?: ConnectOptions<Name>,
    wait?: WaitOptions,
  ): Promise<ClientLibraries[Name]["client"]>;

  /**
   * Returns what an application on this host needs to create its own ioredis `Cluster`: `new Cluster(startupNodes, options)`. Both
   * follow restarts of nodes. The application closes its client.
   *
   * Such a client finds nodes that announce addresses or names. ioredis itself cannot use nodes that announce an unknown endpoint,
   * or prefer names and have none; only the clients of {@link client} and {@link connect} can.
   *
   * @throws RedisClusterError TURN_OVER if the cluster is the fixture of a test that has ended.
   */
  clientOptions(): ClientOptions;

  /**
   * Returns what a client of another library or in another language needs to connect, as plain data: addresses, an address map,
   * URLs, credentials and certificates. The user is the one of {@link client}: the default user, or `harness` if the default user
   * is off. For another user see {@link credentials}.
   *
   * The data is that of this moment. Only published ports change, when a node restarts, unless `firstHostPort` fixes them.
   *
   * @param from where the client runs: on this host, or in a container in the cluster's network.
   * @throws RedisClusterError INVALID_ARGUMENT if it is neither `"host"` nor `"network"`.
   * @throws RedisClusterError TURN_OVER if the cluster is the fixture of a test that has ended.
   * @example
   * const { seeds, addressMap } = cluster.connectionInfo("host");
   */
  connectionInfo(from: ClientLocation): ConnectionInfo;

  /**
   * Returns {@link connectionInfo} as environment variables: `REDIS_NODES` (the seeds) and `REDIS_URLS`, both separated by commas,
   * and, only if there is a value, `REDIS_ADDRESS_MAP` (a JSON object), `REDIS_USERNAME`, `REDIS_PASSWORD`, `REDIS_TLS_CA`,
   * `REDIS_TLS_CERT` and `REDIS_TLS_KEY` (PEM), and `REDIS_TLS_SERVERNAME`.
   *
   * @param from where the process runs: on this host, or in a container in the cluster's network.
   * @throws RedisClusterError INVALID_ARGUMENT if it is neither `"host"` nor `"network"`.
   * @throws RedisClusterError TURN_OVER if the cluster is the fixture of a test that has ended.
   * @example
   * const variables = cluster.environment("network");
   */
  environment(from: ClientLocation): Record<string, string>;

  /**
   * Returns the name and the password of a user, in the form of `redisOptions` of {@link connect}.
   *
   * @param username a user of the option `users`; the default user if it has a password; or `harness` or `replication` if the
   * default user is off.
   * @throws RedisClusterError INVALID_ARGUMENT if there is no such user.
   */
  credentials(username: string): Credentials;
}
