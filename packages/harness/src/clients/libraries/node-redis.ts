/** @ts-ignore the package is an optional peer dependency */
import type { createCluster, RedisClusterOptions, RedisClusterType } from "redis";
import { abortable } from "../../timing/deadline.ts";
import type { ClientLibrary } from "./library.ts";
import { parseAddress } from "./parse-address.ts";

/** The options of `createCluster` of node-redis. This library adds the addresses of the nodes and the login. */
export type NodeRedisOptions = Partial<Omit<RedisClusterOptions, "rootNodes">>;
/** A cluster client of node-redis. */
export type NodeRedisClient = RedisClusterType;

/** Opens clients of node-redis. */
export const nodeRedis: ClientLibrary<NodeRedisOptions, NodeRedisClient> = {
  packageName: "redis",
  range: "^5.0.0 || ^6.0.0",
  async open(library, { announced, reach, username, password, tls }, options, signal) {
    const { nodeAddressMap, defaults, ...others } = options;
    const ownMap =
      typeof nodeAddressMap === "function" ? nodeAddressMap : (address: string) => nodeAddressMap?.[address];
    const client = (library as { readonly createCluster: typeof createCluster }).createCluster({
      ...others,
      rootNodes: announced.map((address) => ({
        // node-redis reads the address at each discovery.
        get socket() {
          return reach(address);
        },
      })),
      nodeAddressMap: (address) => ownMap(address) ?? reach(parseAddress(address)),
      // The connections to the discovered nodes have only these settings.
      defaults: {
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        ...defaults,
        ...(tls === undefined && defaults?.socket === undefined
          ? {}
          : { socket: { ...(tls === undefined ? {} : { tls: true, ...tls }), ...defaults?.socket } }),
      },
    }) as unknown as NodeRedisClient;
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
  },
};
