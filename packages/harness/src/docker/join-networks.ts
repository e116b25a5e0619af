import { requireNetwork } from "../cleanup/read-networks.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { type Engine, statusOf } from "./engine.ts";
import { engineFailed } from "./network-members.ts";

/**
 * Returns the names that are not names of networks that containers can join.
 *
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
 */
export async function findMissingNetworks(
  engine: Engine,
  names: readonly string[],
): Promise<readonly string[]> {
  const missing = await Promise.all(
    names.map(async (name) => {
      try {
        await requireNetwork(engine.docker, engine.traits, name);
        return [];
      } catch (error) {
        if (statusOf(error) === 404) return [name];
        throw engineFailed(`read the network ${name}`, error);
      }
    }),
  );
  return missing.flat();
}

/** Connects the container of a node, which has not started yet, to further networks, in which it has its announced name. */
export async function joinNetworks(
  engine: Engine,
  networks: readonly string[],
  container: string,
  { hostname }: NodePlan,
): Promise<void> {
  for (const network of networks) {
    await engine.docker.getNetwork(network).connect({
      Container: container,
      EndpointConfig: { Aliases: hostname === undefined ? [] : [hostname] },
    });
  }
}
