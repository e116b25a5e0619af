import { messageOf, RedisClusterError } from "../errors.ts";
import { statusOf, type Engine } from "./engine.ts";

/** A container of the engine that was not necessarily created by this library. */
export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  /** `bridge`, `host`, `none`, `container:…`, or the name of a network. */
  readonly networkMode: string;
  /** The names of the networks that the container is in. */
  readonly networks: readonly string[];
}

/**
 * Finds a container by its id or its name.
 *
 * @returns undefined if there is no such container.
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request for another reason.
 */
export async function findContainer(engine: Engine, reference: string): Promise<FoundContainer | undefined> {
  try {
    const found = await engine.docker.getContainer(reference).inspect();
    return {
      id: found.Id,
      name: found.Name.replace(/^\//, ""),
      isRunning: found.State.Running,
      networkMode: found.HostConfig.NetworkMode ?? "",
      networks: Object.keys(found.NetworkSettings.Networks),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw engineFailed(`read the state of the container ${reference}`, error);
  }
}

/**
 * Returns the addresses of all containers in a network.
 *
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
 */
export async function usedAddresses(engine: Engine, network: string): Promise<readonly string[]> {
  try {
    const { Containers } = (await engine.docker.getNetwork(network).inspect()) as {
      readonly Containers?: Readonly<Record<string, { readonly IPv4Address?: string }>>;
    };
    return Object.values(Containers ?? {}).flatMap(({ IPv4Address = "" }) => IPv4Address.split("/")[0] ?? []);
  } catch (error) {
    throw engineFailed(`list the containers of the network ${network}`, error);
  }
}

/**
 * Connects a running container to a network.
 *
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request.
 */
export async function connectContainer(
  engine: Engine,
  network: string,
  container: string,
  address: string,
): Promise<void> {
  try {
    await engine.docker
      .getNetwork(network)
      .connect({ Container: container, EndpointConfig: { IPAMConfig: { IPv4Address: address } } });
  } catch (error) {
    throw engineFailed(`connect the container ${container} to the network ${network}`, error);
  }
}

/**
 * Disconnects a container from a network. Succeeds if one of them does not exist any more, or if the container is not in the network.
 *
 * @throws RedisClusterError ENGINE_FAILED if the engine rejects the request for another reason.
 */
export async function disconnectContainer(engine: Engine, network: string, container: string): Promise<void> {
  try {
    await engine.docker.getNetwork(network).disconnect({ Container: container, Force: true });
  } catch (error) {
    // Docker answers 500 or 403 with these messages, depending on its version.
    if (statusOf(error) === 404 || /is not connected to/i.test(messageOf(error))) return;
    throw engineFailed(`disconnect the container ${container} from the network ${network}`, error);
  }
}

/** @param action completes "Failed to …". */
export function engineFailed(action: string, error: unknown): RedisClusterError {
  return new RedisClusterError("ENGINE_FAILED", `Failed to ${action}: ${messageOf(error)}`, { cause: error });
}
