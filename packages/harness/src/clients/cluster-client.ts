import { Cluster, type ClusterNode, type ClusterOptions } from "ioredis";
import { nextTurn } from "../clock/real-time.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
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
 * client survives a node that comes back on another host port. Everything else stays as ioredis has it.
 */
export function clusterClientOptions(
  plan: ClusterPlan,
  addresses: AddressTable,
  access: Access,
  overrides: ClusterClientOptions = {},
): ClientOptions {
  const startupNodes = plan.nodes.map((node) => ({
    // ioredis copies these at every connect, which is when a getter gives the present port.
    get host(): string {
      return addresses.get(node)?.host ?? node.address;
    },
    get port(): number {
      return addresses.get(node)?.port ?? node.port;
    },
  }));
  const own = accessOptions(access);
  return {
    startupNodes,
    options: {
      // ioredis would connect to the address behind a name, which no certificate has to name.
      ...(access.tls === undefined ? {} : { dnsLookup: keepName }),
      ...overrides,
      natMap: (announced) => addresses.lookUp(announced) ?? null,
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

const keepName: NonNullable<ClusterOptions["dnsLookup"]> = (name, done) => {
  done(null, name);
};

/** Opens an ioredis `Cluster` and waits until it is ready. */
export async function connectCluster(
  plan: ClusterPlan,
  addresses: AddressTable,
  access: Access,
  overrides: ClusterClientOptions | undefined,
  signal: AbortSignal,
): Promise<Cluster> {
  const { startupNodes, options } = clusterClientOptions(plan, addresses, access, overrides);
  const client = new Cluster(startupNodes, options);
  endWithRefreshes(client);
  // While a node is away ioredis reports each failed refresh here; without a listener it prints them.
  client.on("error", () => {});
  if (options.lazyConnect === true) return client;
  try {
    await whenReady(client, signal);
  } catch (error) {
    await closeCluster(client);
    throw error;
  }
  return client;
}

/**
 * ioredis 6.0 refreshes its slots every few seconds, and a refresh that is under way when the client is disconnected
 * arranges the next one when it ends, so that they go on for ever and keep the process alive. This ends them.
 */
function endWithRefreshes(client: Cluster): void {
  const end = (): void => {
    client.refreshSlotsCache = () => {};
  };
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    disconnect(reconnect);
    if (!reconnect) end();
  };
  client.on("end", end);
  // Whoever connects it again wants them again.
  client.on("connecting", () => Reflect.deleteProperty(client, "refreshSlotsCache"));
}

/** Disconnects an ioredis `Cluster` for good: whoever still uses it gets an error, not silence. */
export async function closeCluster(client: Cluster): Promise<void> {
  // ioredis 6.0 falls from "end" back to "close" when its last connections end one after the other, and stays
  // "disconnecting" when it had none. In both it would queue commands for ever.
  const end = (): void => {
    client.status = "end";
  };
  client.on("close", end);
  client.disconnect();
  await nextTurn();
  end();
}
