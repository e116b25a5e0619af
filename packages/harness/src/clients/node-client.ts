import { Redis, type RedisOptions } from "ioredis";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { createLiveConnector } from "./live-connector.ts";
import { reconnectInRealTime } from "./real-timers.ts";

/** The delay before a client reconnects, unless its options contain a `retryStrategy`. */
const RECONNECT_MS = 100;

/** The options of an ioredis `Redis`, without `replyMapping`, which changes the types of all replies. */
export type NodeClientOptions = Omit<RedisOptions, "replyMapping">;

/** The options that select the server. A duplicate with one of them is a plain client of that server. */
const ENDPOINT_OPTIONS = ["host", "port", "path", "sentinels", "Connector"] as const;

/** Returns the names of the options that a client of a node must not have, because the node determines them. */
export function misplacedOptions(options: NodeClientOptions): readonly string[] {
  return ENDPOINT_OPTIONS.filter((name) => options[name] !== undefined);
}

/**
 * Creates an ioredis client of one node. The client looks up the mapped address of the node before each connection attempt, so it
 * finds the node after a restart. It disconnects from an address that no longer belongs to the node, because another node may
 * answer there. The same applies to each `duplicate()` of the client, and to duplicates of duplicates.
 *
 * @param track is called with the client and with each duplicate, so that the caller can close them.
 */
export function openNodeClient(
  node: NodePlan,
  addresses: AddressTable,
  options: NodeClientOptions,
  track: (client: Redis) => void = () => {},
): Redis {
  const client = new Redis({
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => RECONNECT_MS,
    ...options,
    ...addresses.reach(node),
    Connector: createLiveConnector(addresses, node),
  });
  return prepare(client, track);
}

function prepare(client: Redis, track: (client: Redis) => void): Redis {
  reconnectInRealTime(client);
  endWhenDisconnected(client);
  // Without a listener, ioredis prints every refused connection, also of nodes that were killed on purpose.
  client.on("error", () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override?: NodeClientOptions) => {
    const hasOwnEndpoint = override !== undefined && misplacedOptions(override).length > 0;
    return prepare(duplicate(hasOwnEndpoint ? { Connector: undefined, ...override } : override), track);
  };
  track(client);
  return client;
}

/**
 * Ends the client when it is disconnected between two connection attempts. In ioredis 6.0 such a client keeps the status
 * "reconnecting": its commands wait forever, and it does not emit "end". In the status "wait", `disconnect` ends the client.
 */
function endWhenDisconnected(client: Redis): void {
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect && client.status === "reconnecting") client.status = "wait";
    disconnect(reconnect);
  };
}
