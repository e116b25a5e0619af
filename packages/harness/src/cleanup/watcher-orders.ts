import type { Readable } from "node:stream";
import type { EngineAddress } from "./engine-http.ts";
import type { Owner } from "./owner.ts";

/** What a watcher is told in the first line of its input. Not in its arguments: a key of an engine is a secret. */
export interface WatcherOrders {
  readonly owner: Owner;
  readonly engine: EngineReference;
}

/** How a watcher reaches the engine: by plain HTTP, or through a module that exports `openLabelledResources`. */
export type EngineReference =
  | { readonly kind: "http"; readonly address: EngineAddress }
  | { readonly kind: "module"; readonly url: string };

/** The line that ends a watcher whose owner has removed everything itself. */
export const DISMISSED = "dismissed\n";

/**
 * Reads until the input ends, which it does with the owner, however that dies. Gives the orders that are to be
 * carried out, or undefined where there is nothing to do: the owner has said so, or died before it made anything.
 */
export async function readOrders(input: Readable): Promise<WatcherOrders | undefined> {
  const chunks: string[] = [];
  try {
    for await (const chunk of input.setEncoding("utf8")) {
      chunks.push(chunk as string);
      if (chunks.join("").endsWith(DISMISSED)) return undefined;
    }
  } catch {
    // A connection that is reset is an end like any other.
  }
  const [orders, rest] = chunks.join("").split("\n", 2);
  // Without the end of its line it is not whole, and nothing is made before it is.
  return orders === undefined || rest === undefined ? undefined : (JSON.parse(orders) as WatcherOrders);
}
