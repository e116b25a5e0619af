/** @ts-ignore the package is an optional peer dependency */
import type { Cluster, ClusterOptions } from "iovalkey";
import type { HostAndPort } from "../../plan/cluster-plan.ts";
import { keepName, liveNatMap, lookUpFunction } from "../nat-map.ts";
import { whenReady } from "../when-ready.ts";
import { parseAddress } from "./parse-address.ts";
import type { ClientLibrary } from "./library.ts";

/** The options of a `Cluster` of iovalkey. This library adds the addresses of the nodes and the login. */
export type IovalkeyOptions = Partial<ClusterOptions>;
/** A cluster client of iovalkey. */
export type IovalkeyClient = Cluster;

interface Library {
  readonly Cluster: new (startupNodes: readonly HostAndPort[], options: ClusterOptions) => Cluster;
}

/** Opens clients of iovalkey, a fork of ioredis 5.4. */
export const iovalkey: ClientLibrary<IovalkeyOptions, IovalkeyClient> = {
  packageName: "iovalkey",
  range: "^0.3.1 || ^0.4.0",
  async open(library, { announced, reach, username, password, tls }, options, signal) {
    const { natMap, redisOptions, ...others } = options;
    const lookUpOverride = lookUpFunction(natMap);
    const client = new (library as Library).Cluster(
      announced.map((address) => ({
        // iovalkey reads these properties at each connection attempt.
        get host(): string {
          return reach(address).host;
        },
        get port(): number {
          return reach(address).port;
        },
      })),
      {
        // With TLS, certificates need not contain the address of a name.
        dnsLookup: keepName,
        ...others,
        natMap: liveNatMap((address) => lookUpOverride(address) ?? reach(parseAddress(address))),
        redisOptions: {
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
          ...redisOptions,
          ...(tls === undefined ? {} : { tls: { ...tls, ...redisOptions?.tls } }),
        },
      },
    );
    // Without a listener, iovalkey prints each failed connection.
    client.on("error", () => {});
    const close = (): void => client.disconnect();
    try {
      await whenReady(client, signal);
      return { client, close };
    } catch (error) {
      close();
      throw error;
    }
  },
};
