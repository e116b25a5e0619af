import { Redis, type RedisOptions } from "ioredis";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { connectorTo } from "./live-connector.ts";
import { reconnectInRealTime } from "./real-timers.ts";

/** How soon a client tries a closed connection again, unless its options have a `retryStrategy`. */
const RECONNECT_MS = 100;

/** The options of an ioredis `Redis`, less `replyMapping`, which changes the types of all replies. */
export type NodeClientOptions = Omit<RedisOptions, "replyMapping">;

/** Options that say where to connect. A copy with one of them is a plain client of that place. */
const PLACE_OPTIONS = ["host", "port", "path", "sentinels", "Connector"] as const;

/** The options that a client to one node cannot have, because the node decides them. */
export function misplacedOptions(options: NodeClientOptions): readonly string[] {
  return PLACE_OPTIONS.filter((name) => options[name] !== undefined);
}

/**
 * Opens an ioredis client to one node. The client looks up the node's mapped address before each connection attempt, so it
 * finds the node after a restart, and leaves an address that no longer belongs to the node: another node may answer there.
 * The same is true for each `duplicate()` of the client, and for duplicates of duplicates.
 *
 * @param track is called with the client and with each duplicate, for the caller to close them.
 */
export function openNodeClient(
  node: NodePlan,
  addresses: AddressTable,
  options: NodeClientOptions,
  track: (client: Redis) => void = () => {},
): Redis {
  const now = (): HostAndPort => addressOf(node, addresses);
  const client = new Redis({
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => RECONNECT_MS,
    ...options,
    ...now(),
    Connector: connectorTo({ now, onChange: (listener) => addresses.onChange(node, listener) }),
  });
  return prepare(client, track);
}

function prepare(client: Redis, track: (client: Redis) => void): Redis {
  reconnectInRealTime(client);
  endWhenDisconnected(client);
  // A node that was killed on purpose is no news, and without a listener ioredis prints every refused connection.
  client.on("error", () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override?: NodeClientOptions) => {
    const elsewhere = override !== undefined && misplacedOptions(override).length > 0;
    return prepare(duplicate(elsewhere ? { Connector: undefined, ...override } : override), track);
  };
  track(client);
  return client;
}

/**
 * In ioredis 6.0 a client that is disconnected between two connection attempts stays in the status "reconnecting": its
 * commands wait for ever, and nobody hears "end". In the status "wait", `disconnect` ends the client as it should.
 */
function endWhenDisconnected(client: Redis): void {
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect && client.status === "reconnecting") client.status = "wait";
    disconnect(reconnect);
  };
}

/** While a node has no mapped address, no other server answers at its network address. */
function addressOf(node: NodePlan, addresses: AddressTable): HostAndPort {
  return addresses.get(node) ?? { host: node.address, port: node.port };
}
