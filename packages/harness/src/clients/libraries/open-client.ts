import { pause } from "../../clock/real-time.ts";
import { messageOf, RedisClusterError, withMissing } from "../../errors.ts";
import type { ClusterPlan } from "../../plan/cluster-plan.ts";
import type { Access } from "../access.ts";
import { type AddressTable, networkAddress } from "../address-table.ts";
import type { ClientLibrary, ClientTarget, OpenedClient } from "./library.ts";
import { loadLibrary } from "./load-library.ts";

const RETRY_MS = 50;

/** Returns what an adapter needs to connect to the cluster of a plan. */
export function clientTarget(plan: ClusterPlan, addresses: AddressTable, access: Access): ClientTarget {
  const { username, password, tls } = access;
  return {
    announced: plan.nodes.map(networkAddress),
    reach: (announced) => addresses.lookUp(`${announced.host}:${announced.port}`) ?? announced,
    ...{ username, password, tls },
  };
}

/**
 * Opens a client of a library, and waits until it is connected, after any number of attempts.
 *
 * @throws RedisClusterError CLIENT_MISSING if the package of the library is not installed, or its version is not supported.
 * @throws RedisClusterError INVALID_ARGUMENT if the library cannot connect to this cluster.
 * @throws the reason of the signal, with the last error of the client, if the signal is aborted.
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
  let lastError: unknown;
  while (!signal.aborted) {
    try {
      return await library.open(loaded, target, options, signal);
    } catch (error) {
      if (signal.aborted) break;
      lastError = error;
      await pause(RETRY_MS, signal);
    }
  }
  const reason: unknown = signal.reason;
  if (lastError === undefined || !(reason instanceof RedisClusterError)) throw reason;
  throw withMissing(reason, messageOf(lastError), lastError);
}
