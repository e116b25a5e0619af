/** @ts-ignore the package is an optional peer dependency */
import type { Cluster, ClusterOptions } from "iovalkey";
import { type ClientOptions, clusterClientOptions } from "../cluster-client.ts";
import { whenReady } from "../when-ready.ts";
import type { ClientLibrary } from "./library.ts";

/** The options of a `Cluster` of iovalkey. This library adds the addresses of the nodes and the login. */
export type IovalkeyOptions = Partial<ClusterOptions>;
/** A cluster client of iovalkey. */
export type IovalkeyClient = Cluster;

interface Library {
  readonly Cluster: new (...args: [ClientOptions["startupNodes"], ClientOptions["options"]]) => Cluster;
}

/** Opens clients of iovalkey, a fork of ioredis 5.4. */
export const iovalkey: ClientLibrary<IovalkeyOptions, IovalkeyClient> = {
  packageName: "iovalkey",
  range: "^0.3.1 || ^0.4.0",
  async open(library, { plan, addresses, access }, options, signal) {
    // The options have the same names and meanings as those of ioredis, but the types of another package.
    const own = clusterClientOptions(plan, addresses, access, options as never);
    const client = new (library as Library).Cluster(own.startupNodes, own.options);
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
