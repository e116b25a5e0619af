import { StartedNetwork } from "testcontainers";
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
 * Creates the network, or gives undefined where the engine says that the range is taken: another process may have
 * been quicker than any look at the list.
 */
export async function createNetwork(
  engine: Engine,
  plan: NetworkPlan,
  labels: Record<string, string>,
): Promise<ClusterNetwork | undefined> {
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
    return new ClusterNetwork(engine, plan, network.id);
  } catch (error) {
    if (/overlap|already in use|conflicts with/i.test(messageOf(error))) return undefined;
    throw new RedisClusterError(
      "START_FAILED",
      `The network ${plan.name} (${plan.subnet}) could not be made: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Removes the network; one that is gone already is fine. */
export async function removeNetwork(engine: Engine, id: string): Promise<void> {
  try {
    await engine.docker.getNetwork(id).remove();
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}
