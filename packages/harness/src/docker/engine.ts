import type { ContainerRuntimeClient } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { Owner } from "../cleanup/owner.ts";
import { currentOwner } from "../cleanup/current-owner.ts";
import { deriveLocation, type EngineInfo, type EngineLocation, readLocalProcess } from "./engine-location.ts";
import { deriveTraits, type EngineTraits, type TraitInfo } from "./engine-traits.ts";
import { shareConnections } from "../ssh/share-connections.ts";
import { choosePublishedAddress, type PublishedAddress } from "./published-address.ts";
import { startReaper } from "./start-reaper.ts";
import { testcontainersClient } from "./testcontainers-client.ts";

/** A container as a client of the engine knows it. */
export type Container = ReturnType<ContainerRuntimeClient["container"]["dockerode"]["getContainer"]>;

/** What an engine reports about itself. */
export interface EngineProperties {
  /** Where the engine runs. */
  readonly location: EngineLocation;
  /** What differs between engines. */
  readonly traits: EngineTraits;
}

/** The Docker engine that Testcontainers found. It needs no closing. */
export interface Engine extends PublishedAddress, EngineProperties {
  readonly client: ContainerRuntimeClient;
  readonly docker: ContainerRuntimeClient["container"]["dockerode"];
  /** The number of processors of the engine. */
  readonly cpus: number;
  /** The session id of Testcontainers. If Ryuk runs, it removes the resources with this id at the end of the session. */
  readonly sessionId: string;
  /** The owner of all resources that this process creates. */
  readonly owner: Owner;
}

/**
 * Returns the client that Testcontainers finds. Starts no container.
 *
 * @throws RedisClusterError NO_DOCKER if no engine answers.
 */
export async function findClient(): Promise<ContainerRuntimeClient> {
  try {
    const client = await testcontainersClient();
    shareConnections(client.container.dockerode);
    return client;
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `No Docker engine answers (${messageOf(error)}). Is Docker running, and is this user allowed to access it? ` +
        "Testcontainers searches DOCKER_HOST, ~/.testcontainers.properties and the default sockets.",
      { cause: error },
    );
  }
}

const known = new WeakMap<ContainerRuntimeClient, EngineProperties>();

/**
 * Determines where an engine runs and what it can do. The result is cached for each client.
 *
 * @throws RedisClusterError NO_DOCKER if the engine does not answer any more.
 */
export async function readProperties(client: ContainerRuntimeClient): Promise<EngineProperties> {
  try {
    const properties = known.get(client) ?? (await askEngine(client));
    known.set(client, properties);
    return properties;
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `Reading the properties of the Docker engine failed: it does not answer any more (${messageOf(error)}).`,
      {
        cause: error,
      },
    );
  }
}

async function askEngine(client: ContainerRuntimeClient): Promise<EngineProperties> {
  const [info, local] = await Promise.all([
    client.container.dockerode.info() as Promise<EngineInfo & TraitInfo>,
    readLocalProcess(client),
  ]);
  return { location: deriveLocation(info, local), traits: deriveTraits(info) };
}

/**
 * Finds the engine, and starts the reaper of Testcontainers.
 *
 * @throws RedisClusterError NO_DOCKER if no engine answers.
 * @throws RedisClusterError REAPER_UNAVAILABLE if the reaper does not start.
 */
export async function findEngine(): Promise<Engine> {
  const owner = currentOwner();
  // The promise is awaited last. Its rejection must not end the process if another call fails first.
  owner.catch(() => {});
  const client = await findClient();
  const { host, hostIps, cpus } = client.info.containerRuntime;
  const [{ sessionId }, { location, traits }] = await Promise.all([
    startReaper(client),
    readProperties(client),
  ]);
  return {
    ...choosePublishedAddress(
      { host, hostIps, override: process.env["TESTCONTAINERS_HOST_OVERRIDE"] },
      location,
    ),
    client,
    docker: client.container.dockerode,
    location,
    traits,
    cpus,
    sessionId,
    owner: await owner,
  };
}

/** Returns the HTTP status of an error of the engine, or undefined if the error is not an answer of the engine. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}
