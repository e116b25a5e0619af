import { StartedNetwork } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { NetworkPlan } from "../plan/cluster-plan.ts";
import { type Engine, statusOf } from "./engine.ts";
import { retry } from "../timing/retry.ts";

/**
 * The network of the cluster. It is a Testcontainers network: with `new GenericContainer(…).withNetwork(cluster.network)` the
 * container of an application is in the same network as the nodes, and reaches them by address and by name (`node-0`).
 * `getName()` returns the name of the network.
 */
export interface ClusterNetwork extends StartedNetwork {
  /** The id of the network in the engine. */
  readonly id: string;
  /** The subnet in CIDR notation. */
  readonly subnet: string;
  /** The address of the gateway. */
  readonly gateway: string;
}

/** A network that exists in the engine. */
class ExistingNetwork extends StartedNetwork implements ClusterNetwork {
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
 * The messages of engines if another network, an interface or a route uses a subnet. It may have been created after the list of
 * used subnets was read.
 *
 * - Docker: "Pool overlaps with other one on this address space" (libnetwork's ipam), "conflicts with network …: networks
 *   have overlapping IPv4" (its bridge driver), "failed to allocate gateway (…): Address already in use";
 * - Podman: "subnet … is already used on the host or by another config" (`ValidateSubnet` in containers/common), and for
 *   older versions "subnet … is being used by a network interface" and "… is already being used by a cni configuration" (see
 *   `isPoolOverlapError` in kind);
 * - nerdctl: "subnet … overlaps with other one on this address space".
 */
const SUBNET_IN_USE =
  /overlap|address already in use|conflicts with network|already used on the host|being used by a (network interface|cni)/i;

/** Returns the network of a cluster. It must exist. */
export function clusterNetwork(engine: Engine, plan: NetworkPlan, id: string): ClusterNetwork {
  return new ExistingNetwork(engine, plan, id);
}

/**
 * Docker separates bridge networks from each other, and ignores this option. Podman separates only those that have it
 * (`podman network create --opt isolate=true`).
 */
const DRIVER_OPTIONS = { isolate: "true" };

/** The created network, or the message of the engine if the subnet is in use. */
export type NetworkResult = { readonly created: ClusterNetwork } | { readonly subnetInUse: string };

/**
 * Creates the network of a cluster.
 *
 * @throws RedisClusterError START_FAILED if the engine does not create the network for another reason than its subnet.
 */
export async function createNetwork(
  engine: Engine,
  plan: NetworkPlan,
  labels: Record<string, string>,
): Promise<NetworkResult> {
  try {
    const network = await engine.docker.createNetwork({
      Name: plan.name,
      Driver: "bridge",
      // Allows users to connect other containers with `docker network connect`.
      Attachable: true,
      EnableIPv6: false,
      Options: DRIVER_OPTIONS,
      IPAM: { Driver: "default", Config: [{ Subnet: plan.subnet, Gateway: plan.gateway }] },
      Labels: labels,
    });
    return { created: clusterNetwork(engine, plan, network.id) };
  } catch (error) {
    const message = messageOf(error);
    if (SUBNET_IN_USE.test(message)) return { subnetInUse: message };
    throw new RedisClusterError(
      "START_FAILED",
      `Creating the network ${plan.name} (${plan.subnet}) failed: ${message}`,
      { cause: error },
    );
  }
}

/**
 * Removes a network. Also succeeds if the network does not exist.
 *
 * @throws Error with the message of the engine. Because of a defect of Docker (https://github.com/moby/moby/issues/42119) the
 * engine may count endpoints although no container is in the network. Then the error says that only a restart of the engine
 * helps.
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
      `${message.trim()}, but the network contains no container: the engine's count of endpoints is wrong ` +
        "(https://github.com/moby/moby/issues/42119). After a restart of the engine the network can be removed",
      { cause: error },
    );
  }
}

/** How long the engine may continue to process a request after its connection has broken. */
const UNANSWERED_REQUEST_MS = 1_000;
const POLL_MS = 50;

/**
 * Removes a network whose create request was not answered, if the engine has created it. Waits a second for the engine to
 * create it.
 */
export async function removeNetworkIfCreated(engine: Engine, name: string): Promise<void> {
  const isMissing = (error: unknown): boolean => statusOf(error) === 404;
  try {
    await retry(() => engine.docker.getNetwork(name).remove(), {
      attempts: UNANSWERED_REQUEST_MS / POLL_MS,
      everyMs: POLL_MS,
      isTemporary: isMissing,
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
