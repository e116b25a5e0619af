import { RedisClusterError } from "../../errors.ts";
import type { ClientLibrary, ClientTarget, OpenedClient } from "./library.ts";
import { loadLibrary } from "./load-library.ts";

/**
 * Opens a client of a library, and waits until it is connected.
 *
 * @throws RedisClusterError CLIENT_MISSING if the package of the library is not installed, or its version is not supported.
 * @throws RedisClusterError INVALID_ARGUMENT if the library cannot connect to this cluster.
 * @throws the last error of the client, or the reason of the signal, if the signal is aborted.
 */
export async function openClient<Options, Client>(
  library: ClientLibrary<Options, Client>,
  target: ClientTarget,
  options: Options,
  signal: AbortSignal,
): Promise<OpenedClient<Client>> {
  const loaded = loadLibrary(library);
  const obstacle = library.findObstacle?.(target);
  if (obstacle !== undefined)
    throw new RedisClusterError("INVALID_ARGUMENT", `Connecting a client: ${obstacle}.`);
  return await library.open(loaded, target, options, signal);
}
