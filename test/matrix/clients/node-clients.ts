import { once } from "node:events";
import { Logger } from "@valkey/valkey-glide";
import * as ioredis6 from "ioredis";
import * as ioredis5 from "ioredis-5";
import * as iovalkey from "iovalkey";
import * as redis6 from "redis";
import * as redis5 from "redis-5";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";
import { NODE_TIMEOUT_MS } from "./breakages.ts";
import { type ClientRow, versionOf, type Writers } from "./clients.ts";

const IOREDIS_README = "https://github.com/redis/ioredis#cluster";
const IOVALKEY_README = "https://github.com/valkey-io/iovalkey#cluster";
const NODE_REDIS_CONNECT = "https://redis.io/docs/latest/develop/clients/nodejs/connect/";
const NODE_REDIS_PRODUCTION = "https://redis.io/docs/latest/develop/clients/nodejs/produsage/";
const GLIDE_TIMEOUTS =
  "https://valkey.io/valkey-glide-docs/languages/nodejs/how-to/timeouts-and-reconnect-strategy";

/** The constructors of ioredis 5 and 6 and of iovalkey have the same parameters. */
type ClusterConstructor = new (
  ...parameters: [startupNodes: readonly unknown[], options: object]
) => Pick<ioredis6.Cluster, "on" | "once" | "set" | "disconnect">;

const IOREDIS_LIKE = [
  { library: "ioredis 5", name: "ioredis-5", Cluster: ioredis5.Cluster, page: IOREDIS_README },
  { library: "ioredis 6", name: "ioredis", Cluster: ioredis6.Cluster, page: IOREDIS_README },
  { library: "iovalkey", name: "iovalkey", Cluster: iovalkey.Cluster, page: IOVALKEY_README },
];

const NODE_REDIS = [
  {
    library: "node-redis 5",
    name: "redis-5",
    createCluster: redis5.createCluster as unknown as typeof redis6.createCluster,
  },
  { library: "node-redis 6", name: "redis", createCluster: redis6.createCluster },
];

/** Clients of Node, which connect as an application does. All writers share one client. */
export const NODE_CLIENTS: readonly ClientRow[] = [
  ...IOREDIS_LIKE.flatMap(({ library, name, Cluster, page }): readonly ClientRow[] => {
    const open = async (cluster: StartedRedisCluster, options: object): Promise<Writers> => {
      const { seeds, addressMap, password, tls } = cluster.connectionInfo("host");
      const Client = Cluster as unknown as ClusterConstructor;
      const client = new Client(seeds.map(splitAddress), {
        ...(Object.keys(addressMap).length === 0 ? {} : { natMap: mapAddress(cluster) }),
        redisOptions: { ...(password && { password }), ...(tls && { tls }) },
        ...options,
      });
      client.on("error", () => {});
      await once(client as ioredis6.Cluster, "ready");
      return {
        version: versionOf(name),
        write: (_, key, value) => client.set(key, value),
        close: async () => client.disconnect(),
      };
    };
    // `retryDelayOnFailover * maxRedirections` must be greater than the node timeout.
    const recommended = { retryDelayOnFailover: (2 * NODE_TIMEOUT_MS) / 16 };
    return [
      row(library, "default", "", (cluster) => open(cluster, {})),
      row(library, "recommended", describe(recommended, page), (cluster) => open(cluster, recommended)),
    ];
  }),
  ...NODE_REDIS.flatMap(({ library, name, createCluster }): readonly ClientRow[] => {
    const open = async (cluster: StartedRedisCluster, socket: object): Promise<Writers> => {
      const { password, tls, seeds } = cluster.connectionInfo("host");
      const client = createCluster({
        rootNodes: seeds.map((seed) => ({ socket: splitAddress(seed) })),
        nodeAddressMap: mapAddress(cluster),
        defaults: {
          ...(password && { password }),
          socket: { ...(tls && { tls: true, ...tls }), ...socket },
        },
      });
      client.on("error", () => {});
      await client.connect();
      return {
        version: versionOf(name),
        write: (_, key, value) => client.set(key, value),
        close: async () => client.destroy(),
      };
    };
    const recommended = {
      connectTimeout: 10_000,
      reconnectStrategy: (retries: number) =>
        Math.min(2 ** retries * 50, 3_000) + Math.floor(Math.random() * 100),
    };
    return [
      row(library, "default", "", (cluster) => open(cluster, {})),
      row(
        library,
        "recommended",
        `\`connectTimeout: 10000\` (${NODE_REDIS_PRODUCTION}), \`reconnectStrategy\` with a jitter and at most 3 s (${NODE_REDIS_CONNECT})`,
        (cluster) => open(cluster, recommended),
      ),
    ];
  }),
  ...[
    { options: "default" as const, own: {}, page: "" },
    { options: "recommended" as const, own: { requestTimeout: 500 }, page: GLIDE_TIMEOUTS },
  ].map(({ options, own, page }) =>
    row("valkey-glide", options, page === "" ? "" : describe(own, page), async (cluster) => {
      Logger.setLoggerConfig("off"); // it would print each timeout
      const client = await cluster.connect({ client: "valkey-glide", ...own });
      return {
        version: versionOf("@valkey/valkey-glide"),
        write: (_, key, value) => client.set(key, value),
        close: async () => client.close(),
      };
    }),
  ),
];

function row(
  library: string,
  options: ClientRow["options"],
  description: string,
  open: (cluster: StartedRedisCluster) => Promise<Writers>,
): ClientRow {
  return { library, options, description, hasAddressMap: true, open };
}

function describe(options: object, page: string): string {
  const entries = Object.entries(options).map(([name, value]) => `\`${name}: ${String(value)}\``);
  return `${entries.join(", ")} (${page})`;
}

/** Returns the current address of a node, by the address that it announces. */
function mapAddress(cluster: StartedRedisCluster) {
  return (announced: string) => {
    const mapped = cluster.connectionInfo("host").addressMap[announced];
    return mapped === undefined ? undefined : splitAddress(mapped);
  };
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const [host = "", port] = address.split(":");
  return { host, port: Number(port) };
}
