import type { ClusterPlan, HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import type { Access, ClientTls } from "./access.ts";
import { type AddressTable, networkAddress } from "./address-table.ts";

/**
 * Where a client runs.
 *
 * - `"host"`: on this host.
 * - `"network"`: in a container in the cluster's network.
 */
export type ClientLocation = "host" | "network";

/** What a client of any library, in any language, needs to connect to the cluster, as plain data. */
export interface ConnectionInfo {
  /** The address of each node as `host:port`, in the order of `cluster.nodes`, for the first connection. */
  readonly seeds: readonly string[];
  /**
   * The addresses to which the client must connect, by the addresses and host names that the nodes announce, all as `host:port`. It
   * is empty if the client can connect to what the nodes announce.
   */
  readonly addressMap: Readonly<Record<string, string>>;
  /** The name of the user, or undefined for the default user. */
  readonly username: string | undefined;
  /** The password, or undefined if there is none. */
  readonly password: string | undefined;
  /** The certificates in PEM, or undefined if the cluster has no TLS. */
  readonly tls: ClientTls | undefined;
  /** A URL for each node, with the user name and the password: `redis://…`, or `rediss://…` with TLS. */
  readonly urls: readonly string[];
}

/** Describes how a client reaches the cluster now. */
export function connectionInfo(
  plan: ClusterPlan,
  addresses: AddressTable,
  { username, password, tls }: Access,
  from: ClientLocation,
): ConnectionInfo {
  const ways = plan.nodes.map((node) => findWay(plan, node, addresses, from));
  const seeds = ways.map(({ seed }) => formatAddress(seed));
  const scheme = tls === undefined ? "redis" : "rediss";
  const login =
    password === undefined ? "" : `${encodeURIComponent(username ?? "")}:${encodeURIComponent(password)}@`;
  return {
    seeds,
    addressMap: Object.fromEntries(
      ways.flatMap(({ seed, mapped }) => mapped.map((announced) => [announced, formatAddress(seed)])),
    ),
    username,
    password,
    tls: tls && { ...tls },
    urls: seeds.map((seed) => `${scheme}://${login}${seed}`),
  };
}

/** How a client reaches one node. */
interface Way {
  readonly seed: HostAndPort;
  /** What the node may announce, as `host:port`, and the client cannot connect to. */
  readonly mapped: readonly string[];
}

function findWay(
  { announce, joinNetworks }: ClusterPlan,
  node: NodePlan,
  addresses: AddressTable,
  from: ClientLocation,
): Way {
  const { hostname, port } = node;
  const names = hostname === undefined ? [] : [formatAddress({ host: hostname, port })];
  const network = networkAddress(node);
  // In these networks the nodes have other addresses, and in all networks the same names.
  if (from === "network" && joinNetworks.length > 0 && hostname !== undefined)
    return { seed: { host: hostname, port }, mapped: [] };
  // Announced names are names in the network, except the name of the engine's host.
  if (from === "network") return { seed: network, mapped: announce === "host" ? names : [] };
  if (announce === "host" && hostname !== undefined) return { seed: { host: hostname, port }, mapped: [] };
  const seed = addresses.reach(node);
  const announced = [formatAddress(network), ...names];
  return { seed, mapped: announced.filter((each) => each !== formatAddress(seed)) };
}

/** Returns environment variables with the same content, for an application in another process. */
export function connectionEnvironment({
  seeds,
  urls,
  addressMap,
  username,
  password,
  tls,
}: ConnectionInfo): Record<string, string> {
  const hasMap = Object.keys(addressMap).length > 0;
  const variables = {
    REDIS_NODES: seeds.join(","),
    REDIS_URLS: urls.join(","),
    REDIS_ADDRESS_MAP: hasMap ? JSON.stringify(addressMap) : undefined,
    REDIS_USERNAME: username,
    REDIS_PASSWORD: password,
    REDIS_TLS_CA: tls?.ca,
    REDIS_TLS_CERT: tls?.cert,
    REDIS_TLS_KEY: tls?.key,
    REDIS_TLS_SERVERNAME: tls?.servername,
  };
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Returns an address as `host:port`, with the host in brackets if it is an IPv6 address. */
function formatAddress({ host, port }: HostAndPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
