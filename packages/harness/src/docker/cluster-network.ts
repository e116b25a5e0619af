import { StartedNetwork } from "testcontainers";
import { monotonicMs, pause } from "../clock/real-time.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { NetworkPlan } from "../plan/cluster-plan.ts";
import { type Engine, statusOf } from "./engine.ts";

/**
 * The cluster's own network. It is a Testcontainers network, so `new GenericContainer(…).withNetwork(cluster.network)`
 * puts an application's container beside the nodes, where it reaches them by address and by name (`node-0`).
 * Its name is `getName()`, as of every Testcontainers network.
 */
export class ClusterNetwork extends StartedNetwork {
  readonly id: string;
  readonly subnet: string;
  readonly gateway: string;

  constructor(engine: Engine, plan: NetworkPlan, id: string) {
    super(engine.client, plan.name, engine.docker.getNetwork(id));
    this.id = id;
    this.subnet = plan.subnet;
    this.gateway = plan.gateway;
  }
}

/**
 * How engines say that another network, an interface or a route has a range, possibly one that was created after the list
 * of ranges was read:
 *
 * - Docker: "Pool overlaps with other one on this address space" (libnetwork's ipam), "conflicts with network …: networks
 *   have overlapping IPv4" (its bridge driver), "failed to allocate gateway (…): Address already in use";
 * - Podman: "subnet … is already used on the host or by another config" (`ValidateSubnet` in containers/common), and older
 *   ones "subnet … is being used by a network interface" and "… is already being used by a cni configuration" (as kind's
 *   `isPoolOverlapError` knows them);
 * - nerdctl: "subnet … overlaps with other one on this address space".
 */
const RANGE_IS_TAKEN =
  /overlap|address already in use|conflicts with network|already used on the host|being used by a (network interface|cni)/i;

/** What became of a network: created, or refused in the engine's words because its range is taken. */
export type NetworkResult = { readonly created: ClusterNetwork } | { readonly taken: string };

/** @throws RedisClusterError START_FAILED if the engine refuses the network for another reason than its range. */
export async function createNetwork(
  engine: Engine,
  plan: NetworkPlan,
  labels: Record<string, string>,
): Promise<NetworkResult> {
  try {
    const network = await engine.docker.createNetwork({
      Name: plan.name,
      Driver: "bridge",
      // `docker network connect` may bring other containers in.
      Attachable: true,
      EnableIPv6: false,
      IPAM: { Driver: "default", Config: [{ Subnet: plan.subnet, Gateway: plan.gateway }] },
      Labels: labels,
    });
    return { created: new ClusterNetwork(engine, plan, network.id) };
  } catch (error) {
    const message = messageOf(error);
    if (RANGE_IS_TAKEN.test(message)) return { taken: message };
    throw new RedisClusterError(
      "START_FAILED",
      `The network ${plan.name} (${plan.subnet}) could not be created: ${message}`,
      { cause: error },
    );
  }
}

/**
 * Removes the network; one that is gone already is fine.
 *
 * @throws Error with the engine's words. If the engine counts endpoints although no container is in the network, a defect of
 * Docker (https://github.com/moby/moby/issues/42119), only a restart of the engine ends that, and the error says so.
 */
export async function removeNetwork(engine: Engine, id: string): Promise<void> {
  const network = engine.docker.getNetwork(id);
  try {
    await network.remove();
  } catch (error) {
    if (statusOf(error) === 404) return;
    const message = messageOf(error);
    if (!/active endpoints/i.test(message)) throw error;
    const { Containers } = (await network.inspect()) as { readonly Containers?: object };
    if (Object.keys(Containers ?? {}).length > 0) throw error;
    throw new Error(
      `${message.trim()}, but no container is in it: the engine's count of endpoints is wrong ` +
        "(https://github.com/moby/moby/issues/42119). After a restart of the engine the network can be removed",
      { cause: error },
    );
  }
}

/** How long a request may still be at work in the engine after its connection broke. */
const LOST_REQUEST_MS = 1_000;
const POLL_MS = 50;

/** Removes a network that the engine may have made, or may be about to make, without having said so. */
export async function removeLostNetwork(engine: Engine, name: string): Promise<void> {
  const begun = monotonicMs();
  for (;;) {
    try {
      await engine.docker.getNetwork(name).remove();
      return;
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      if (monotonicMs() - begun > LOST_REQUEST_MS) return;
      await pause(POLL_MS);
    }
  }
}
