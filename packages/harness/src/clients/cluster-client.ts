import { Cluster, type ClusterNode, type ClusterOptions, type NatMap } from "ioredis";
import { nextTurn } from "../clock/real-time.ts";
import type { ClusterPlan, HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { connectorTo } from "./live-connector.ts";
import { resolveEndpoints } from "./resolve-endpoints.ts";
import { waitInRealTime } from "./real-timers.ts";
import { whenReady } from "./when-ready.ts";

/**
 * The options of an ioredis `Cluster`, less `replyMapping`, which changes the types of all replies: a client that
 * wants it is built from {@link ClientOptions} by hand.
 */
export type ClusterClientOptions = Omit<ClusterOptions, "redisOptions"> & {
  redisOptions?: Omit<NonNullable<ClusterOptions["redisOptions"]>, "replyMapping">;
};

/** What `new Cluster(startupNodes, options)` of ioredis needs to reach this cluster from here. */
export interface ClientOptions {
  readonly startupNodes: ClusterNode[];
  readonly options: ClusterClientOptions;
}

/**
 * Builds the arguments for an ioredis `Cluster`. Both the start-up nodes and `natMap` read the live table, so the
 * client survives a node that comes back on another host port. A `natMap` among the overrides is asked first. Everything
 * else stays as ioredis has it.
 */
export function clusterClientOptions(
  plan: ClusterPlan,
  addresses: AddressTable,
  access: Access,
  overrides: ClusterClientOptions = {},
): ClientOptions {
  const given = lookUpIn(overrides.natMap);
  const find = (node: NodePlan): HostAndPort => {
    for (const name of addresses.namesOf(node)) {
      const mapped = given(name);
      if (mapped) return mapped;
    }
    return addresses.get(node) ?? { host: node.address, port: node.port };
  };
  const startupNodes = plan.nodes.map((node) => ({
    // ioredis copies these at every connect, which is when a getter gives the present port.
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
      // By default ioredis replaces a name by one of its addresses. Where a name has several, `net.connect` finds the one
      // that answers; and with TLS no certificate has to name the address.
      dnsLookup: keepName,
      ...overrides,
      natMap: (announced) => given(announced) ?? addresses.lookUp(announced) ?? null,
      redisOptions: {
        disconnectTimeout: DISCONNECT_TIMEOUT_MS,
        ...own,
        ...overrides.redisOptions,
        // Somebody who asks for a newer protocol still wants to reach this cluster.
        ...(own.tls === undefined ? {} : { tls: { ...own.tls, ...overrides.redisOptions?.tls } }),
      },
    },
  };
}

/** ioredis takes a function or an object. */
function lookUpIn(natMap: NatMap | undefined): (announced: string) => HostAndPort | null | undefined {
  if (typeof natMap === "function") return natMap;
  return (announced) => natMap?.[announced];
}

const keepName: NonNullable<ClusterOptions["dnsLookup"]> = (name, done) => {
  done(null, name);
};

/**
 * Opens an ioredis `Cluster` and waits until it is ready, unless its options have `lazyConnect`. It finds nodes by every
 * kind of endpoint that servers announce, and its reconnects and delays are measured in real time. The same is true for its
 * duplicates.
 *
 * @param track is called at once with the client, and with each duplicate, for the caller to close them. If the client does
 * not become ready it is closed here.
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
  const redisOptions = { Connector: connectorTo(), ...options.redisOptions };
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
  // While a node is away ioredis reports each failed refresh here; without a listener it prints them.
  client.on("error", () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...given: Parameters<Cluster["duplicate"]>) =>
    prepare(duplicate(...given), addresses, track);
  track(client);
  return client;
}

/**
 * In ioredis 6.0 a client that is disconnected while it has no connection stays "disconnecting", and its commands wait for
 * ever. In the status "wait", `disconnect` ends the client and rejects them.
 */
function endWithoutConnections(client: Cluster): void {
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect && client.status !== "end" && client.nodes().length === 0) client.status = "wait";
    disconnect(reconnect);
  };
}

/** Disconnects an ioredis `Cluster` for good: whoever still uses it gets an error, not silence. */
export async function closeCluster(client: Cluster): Promise<void> {
  // ioredis 6.0 falls from "end" back to "close" when its last connections end one after the other. In that state it would
  // queue commands for ever.
  const end = (): void => {
    client.status = "end";
  };
  client.on("close", end);
  client.disconnect();
  await nextTurn();
  end();
}
