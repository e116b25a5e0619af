import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/** Clients of one library, which are connected to a cluster. */
export interface Writers {
  readonly version: string;
  /** Writes a value. Writers with different indexes write at the same time. */
  write(index: number, key: string, value: string): Promise<unknown>;
  /** Tells clients that cannot ask for it themselves that nodes have other addresses. */
  addressesChanged?(cluster: StartedRedisCluster): void;
  close(): Promise<void>;
}

/** A row of the table: a library with its options. */
export interface ClientRow {
  /** The name, with the major version if there are several. */
  readonly library: string;
  readonly options: "default" | "recommended";
  /** What the options are, and the page that recommends them. */
  readonly description: string;
  /** Whether the client can connect to other addresses than those that the nodes announce. */
  readonly hasAddressMap: boolean;
  /** Opens clients for the given number of writers, and waits until they are connected. */
  open(cluster: StartedRedisCluster, writers: number): Promise<Writers>;
}

/** Returns the installed version of an npm package. */
export function versionOf(packageName: string): string {
  let folder = new URL(`file://${createRequire(import.meta.url).resolve(packageName)}`);
  for (;;) {
    folder = new URL(".", folder);
    try {
      const manifest = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as {
        readonly version?: string;
      };
      if (manifest.version !== undefined) return manifest.version;
    } catch {
      // The package.json is in a folder above.
    }
    folder = new URL("..", folder);
  }
}
