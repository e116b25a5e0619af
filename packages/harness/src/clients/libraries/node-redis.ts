/** @ts-ignore the package is an optional peer dependency */
import type { createCluster, RedisClusterOptions, RedisClusterType } from "redis";
import { abortable } from "../../timing/deadline.ts";
import { poll } from "../../timing/retry.ts";
import { loginOptions } from "../access.ts";
import { type ClientLibrary, type OpenedClient, RETRY_MS } from "./library.ts";

/** The options of `createCluster` of node-redis. This library adds the addresses of the nodes and the login. */
export type NodeRedisOptions = Partial<Omit<RedisClusterOptions, "rootNodes">>;
/** A cluster client of node-redis. */
export type NodeRedisClient = RedisClusterType;

interface Library {
  readonly createCluster: typeof createCluster;
}

/** Opens clients of node-redis. */
export const nodeRedis: ClientLibrary<NodeRedisOptions, NodeRedisClient> = {
  packageName: "redis",
  range: "^5.0.0 || ^6.0.0",
  open(library, { plan, addresses, access }, options, signal) {
    const { nodeAddressMap, defaults, ...others } = options;
    const { tls } = access;
    const lookUpOverride =
      typeof nodeAddressMap === "function" ? nodeAddressMap : (address: string) => nodeAddressMap?.[address];
    const create = (): NodeRedisClient =>
      (library as Library).createCluster({
        ...others,
        rootNodes: plan.nodes.map((node) => ({
          // node-redis reads the addresses of its root nodes at each discovery. Those of known nodes it does not read again.
          get socket() {
            return addresses.reach(node);
          },
        })),
        nodeAddressMap: (address) => lookUpOverride(address) ?? addresses.lookUp(address),
        // The connections to the discovered nodes have only these settings.
        defaults: {
          ...loginOptions(access),
          ...defaults,
          socket: { ...(tls === undefined ? {} : { tls: true, ...tls }), ...defaults?.socket },
        },
      }) as unknown as NodeRedisClient;
    return poll(() => connect(create(), signal), { everyMs: RETRY_MS, signal });
  },
};

/** Makes one attempt to connect. A client that does not connect is closed. */
async function connect(client: NodeRedisClient, signal: AbortSignal): Promise<OpenedClient<NodeRedisClient>> {
  // Without a listener, an error of a connection would end the process.
  client.on("error", () => {});
  const close = (): void => {
    if (client.isOpen) client.destroy();
  };
  try {
    await abortable(client.connect(), signal);
    return { client, close };
  } catch (error) {
    close();
    throw error;
  }
}
