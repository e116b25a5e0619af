import type { Cluster } from "ioredis";
import type { ClusterClientOptions } from "../cluster-client.ts";
import { type IovalkeyClient, type IovalkeyOptions, iovalkey } from "./iovalkey.ts";
import type { ClientLibrary } from "./library.ts";
import { type NodeRedisClient, type NodeRedisOptions, nodeRedis } from "./node-redis.ts";
import { type ValkeyGlideClient, type ValkeyGlideOptions, valkeyGlide } from "./valkey-glide.ts";

/** The options and the clients of each client library that `connect` can open. */
export interface ClientLibraries {
  readonly ioredis: { readonly options: ClusterClientOptions; readonly client: Cluster };
  readonly "node-redis": { readonly options: NodeRedisOptions; readonly client: NodeRedisClient };
  readonly iovalkey: { readonly options: IovalkeyOptions; readonly client: IovalkeyClient };
  readonly "valkey-glide": { readonly options: ValkeyGlideOptions; readonly client: ValkeyGlideClient };
}

/** The options of a new client: the library, and the options of that library. */
export type ConnectOptions<Name extends keyof ClientLibraries> = ClientLibraries[Name]["options"] & {
  /**
   * The library of the client. The package of any other library than ioredis must be installed in your project: `redis`,
   * `iovalkey` or `@valkey/valkey-glide`.
   * @default "ioredis"
   */
  readonly client?: Name;
};

/** The adapters of all libraries but ioredis, whose clients the cluster prepares in more ways. */
export const CLIENT_LIBRARIES: Readonly<Record<string, ClientLibrary<never, unknown>>> = {
  "node-redis": nodeRedis,
  iovalkey,
  "valkey-glide": valkeyGlide,
};
