import type { Readable } from "node:stream";
import type { Redis } from "ioredis";
import type { NodeClientOptions } from "../clients/node-client.ts";
import type { ContainerState } from "../docker/node-container.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { HostAndPort, NodeRole } from "../plan/cluster-plan.ts";

/** One node of a started cluster. */
export interface RedisClusterNode {
  /** The name of the node everywhere, also as a DNS name on the cluster's network: `node-0`, `node-1`, … */
  readonly name: string;
  /** The position in `cluster.nodes` and in the plan. It is the number in {@link name}. */
  readonly index: number;
  /** The Redis Cluster node id: 40 hex characters. Restarts and resets do not change it. */
  readonly id: string;
  /** The id of the container: 64 hex characters. Kills, restarts and resets do not change it. */
  readonly containerId: string;
  /** The address on the cluster's network. It never changes. */
  readonly networkAddress: HostAndPort;
  /** The role at the start. For the current role use `cluster.primaries()`, `cluster.replicas()` or `cluster.view()`. */
  readonly plannedRole: NodeRole;
  /** The index of the shard to which the node belonged at the start. */
  readonly plannedShard: number;

  /**
   * The address at which this host reaches the node, or reached it when the node last ran. With direct access it is
   * {@link networkAddress}. With published ports it is {@link publishedAddress}.
   *
   * @throws RedisClusterError NODE_NOT_RUNNING if the node is stopped and another node has received its port, or if it was stopped
   * when this process connected to the cluster; only with published ports.
   */
  readonly mappedAddress: HostAndPort;

  /**
   * Where the engine publishes the client port on its host; undefined if it does not, as with direct access unless an option
   * requests ports, or if it has published the port again for another node. A restart changes the port unless the option
   * `firstHostPort` fixes it.
   */
  readonly publishedAddress: HostAndPort | undefined;

  /**
   * An ioredis client that sends every command to this node: commands for slots of other nodes are answered with MOVED. It is
   * created at first use and logs in as the default user, or as `harness` if the default user is off. It reconnects every
   * 100 ms, after a restart to the new address of the node. Its other options are the defaults of ioredis, except
   * `maxRetriesPerRequest: 1` (while the node is away, commands fail at every second connection attempt instead of at every
   * 21st) and `disconnectTimeout: 100`.
   *
   * A `duplicate()` of the client behaves in the same way. The cluster closes the client and all its duplicates in `stop()` and
   * `reset()`. After a reset, `client` returns a new client.
   *
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()` of the cluster.
   * @throws RedisClusterError TURN_OVER if the node belongs to a fixture of a test that has ended.
   */
  readonly client: Redis;

  /**
   * Opens another ioredis client to this node and waits until it is connected, for example a client for subscriptions. It finds
   * the node after a restart, like {@link client}, and then subscribes again unless `autoResubscribe` is false. The cluster
   * closes the client and its duplicates in `stop()` and `reset()`.
   *
   * @param options the options of the ioredis client. `host`, `port`, `path`, `sentinels` and `Connector` are rejected, because
   * the node determines them. With `lazyConnect` the client is returned before it is connected.
   * @param wait the timeout and a signal. On failure the client is closed.
   * @default wait.timeoutMs 10 000 ms, or ten node timeouts if that is longer
   * @throws RedisClusterError INVALID_ARGUMENT if an option is rejected.
   * @throws RedisClusterError WAIT_TIMEOUT with the last error of the client.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError CLUSTER_STOPPED after `stop()` of the cluster.
   * @throws RedisClusterError TURN_OVER if the node belongs to a fixture of a test that has ended.
   */
  connect(options?: NodeClientOptions, wait?: WaitOptions): Promise<Redis>;

  /**
   * Returns the current state of the container, as the engine reports it. It also works after `stop()` of the cluster: the
   * `status` of a removed container is `"removed"`.
   *
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
   * @throws RedisClusterError WAIT_TIMEOUT if the engine does not answer in time.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError TURN_OVER if the node belongs to a fixture of a test that has ended.
   */
  state(options?: WaitOptions): Promise<ContainerState>;

  /**
   * Returns the whole output of the container, stdout and stderr together, as text. It includes earlier boots of the
   * container, and also works after a kill.
   *
   * @param options.tail the number of lines to return, counted from the end. @default all lines
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request, for example because the container was removed.
   * @throws RedisClusterError WAIT_TIMEOUT if the engine does not answer in time.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError TURN_OVER if the node belongs to a fixture of a test that has ended.
   */
  logs(options?: { readonly tail?: number } & WaitOptions): Promise<string>;

  /**
   * Streams the past and future output of the container, stdout and stderr together. The stream ends when the
   * container stops; destroy it to end it earlier. It emits an error if the connection to the engine breaks. The timeout applies
   * to the beginning of the stream only.
   *
   * @param options.since the time from which to stream, in seconds since 1970. @default the first boot of the container
   * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request, for example because the container was removed.
   * @throws RedisClusterError WAIT_TIMEOUT if the engine does not answer in time.
   * @throws RedisClusterError WAIT_ABORTED if the signal is aborted.
   * @throws RedisClusterError TURN_OVER if the node belongs to a fixture of a test that has ended.
   */
  logStream(options?: { readonly since?: number } & WaitOptions): Promise<Readable>;

  /** Returns {@link name}. */
  toString(): string;
}
