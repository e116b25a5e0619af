import { Cluster, type ClusterNode, type ClusterOptions, type NatMap } from "ioredis";
import { nextTurn } from "../clock/real-time.ts";
import type { ClusterPlan, HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { createLiveConnector } from "./live-connector.ts";
import { resolveEndpoints } from "./resolve-endpoints.ts";
import { waitInRealTime } from "./real-timers.ts";
import { whenReady } from "./when-ready.ts";

/**
 * The options of an ioredis `Cluster`, without `replyMapping`, which changes the types of all replies. To use `replyMapping`, create
 * the client from {@link ClientOptions}.
 */
export type ClusterClientOptions = Omit<ClusterOptions, "redisOptions"> & {
  redisOptions?: Omit<NonNullable<ClusterOptions["redisOptions"]>, "replyMapping">;
};

/** The arguments of `new Cluster(startupNodes, options)` of ioredis for a client on this host. */
export interface ClientOptions {
  /** The addresses of all nodes. */
  readonly startupNodes: ClusterNode[];
  /** The options with which the client reaches and logs in to every node. */
  readonly options: ClusterClientOptions;
}

/**
 * Returns the arguments for an ioredis `Cluster`. The startup nodes and `natMap` read the address table at each use, so the client
 * finds a node that has restarted with another host port. A `natMap` of the overrides is used first. All other options keep the
 * defaults of ioredis.
 */
export function clusterClientOptions(
  plan: ClusterPlan,
  addresses: AddressTable,
  access: Access,
  overrides: ClusterClientOptions = {},
): ClientOptions {
  const lookUpOverride = lookUpFunction(overrides.natMap);
  const find = (node: NodePlan): HostAndPort => {
    for (const name of addresses.namesOf(node)) {
      const mapped = lookUpOverride(name);
      if (mapped) return mapped;
    }
    return addresses.reach(node);
  };
  const startupNodes = plan.nodes.map((node) => ({
    // ioredis reads these properties at each connection attempt, so the getters return the current port.
    get host(): string {
      return find(node).host;
    },
    get port(): number {
      return find(node).port;
    },
  }));
  const own = accessOptions(access);
  return {
    startupNodes,
    options: {
      // By default ioredis replaces a name with one of its addresses. If a name has several addresses, `net.connect` finds the
      // one that answers. With TLS, certificates need not contain the address.
      dnsLookup: keepName,
      ...overrides,
      natMap: liveNatMap((announced) => lookUpOverride(announced) ?? addresses.lookUp(announced)),
      redisOptions: {
        disconnectTimeout: DISCONNECT_TIMEOUT_MS,
        ...own,
        ...overrides.redisOptions,
        // A caller that sets a TLS option, such as the protocol version, still needs the authority of this cluster.
        ...(own.tls === undefined ? {} : { tls: { ...own.tls, ...overrides.redisOptions?.tls } }),
      },
    },
  };
}

/** Returns a `natMap`, which may be a function or an object, as a function. */
function lookUpFunction(natMap: NatMap | undefined): (announced: string) => HostAndPort | undefined {
  if (typeof natMap === "function") return (announced) => natMap(announced) ?? undefined;
  return (announced) => natMap?.[announced];
}

/** Returns a `natMap` that looks up each address at the time of its use. Before ioredis 5.5 it must be an object. */
function liveNatMap(lookUp: (announced: string) => HostAndPort | undefined): NatMap {
  return new Proxy<Record<string, HostAndPort>>(
    {},
    { get: (_, announced) => (typeof announced === "string" ? lookUp(announced) : undefined) },
  );
}

const keepName: NonNullable<ClusterOptions["dnsLookup"]> = (name, done) => {
  done(null, name);
};

/**
 * Creates an ioredis `Cluster` and waits until it is ready, unless the options contain `lazyConnect`. The client finds nodes by
 * every kind of endpoint that servers announce, and uses real timers for its reconnects and delays. Both also apply to its
 * duplicates. If the client does not become ready, it is closed.
 *
 * @param track is called immediately with the client, and later with each duplicate, so that the caller can close them.
 */
export async function connectCluster(
  plan: ClusterPlan,
  addresses: AddressTable,
  access: Access,
  overrides: ClusterClientOptions | undefined,
  signal: AbortSignal,
  track: (client: Cluster) => void = () => {},
): Promise<Cluster> {
  signal.throwIfAborted();
  const { startupNodes, options } = clusterClientOptions(plan, addresses, access, overrides);
  const redisOptions = { Connector: createLiveConnector(addresses), ...options.redisOptions };
  const client = prepare(new Cluster(startupNodes, { ...options, redisOptions }), addresses, track);
  if (options.lazyConnect === true) return client;
  try {
    await whenReady(client, signal);
    return client;
  } catch (error) {
    await closeCluster(client);
    throw error;
  }
}

function prepare(client: Cluster, addresses: AddressTable, track: (client: Cluster) => void): Cluster {
  waitInRealTime(client);
  resolveEndpoints(client, addresses);
  endWithoutConnections(client);
  // ioredis emits an error for each failed refresh while a node is unreachable. Without a listener, ioredis prints it.
  client.on("error", () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (startupNodes, overrides) => {
    if (overrides?.redisOptions === undefined)
      return prepare(duplicate(startupNodes, overrides), addresses, track);
    // ioredis 5 replaces all `redisOptions`, so that the duplicate could not log in.
    const redisOptions = Object.assign({}, client.options.redisOptions, overrides.redisOptions);
    return prepare(duplicate(startupNodes, { ...overrides, redisOptions }), addresses, track);
  };
  track(client);
  return client;
}

/**
 * Ends the client when it is disconnected while it has no connection. In ioredis 6.0 such a client keeps the status
 * "disconnecting", and its commands wait forever. In the status "wait", `disconnect` ends the client and rejects the commands.
 */
function endWithoutConnections(client: Cluster): void {
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect && client.status !== "end" && client.nodes().length === 0) client.status = "wait";
    disconnect(reconnect);
  };
}

/** Disconnects an ioredis `Cluster` permanently. Its later commands are rejected instead of queued. */
export async function closeCluster(client: Cluster): Promise<void> {
  // In ioredis 6.0 the status changes from "end" back to "close" when the last connections end one after the other. In that status
  // ioredis would queue commands forever.
  const end = (): void => {
    client.status = "end";
  };
  client.on("close", end);
  client.disconnect();
  await nextTurn();
  end();
}
