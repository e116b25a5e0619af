import { type ContainerRuntimeClient, ImageName } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { Owner } from "../cleanup/owner.ts";
import { currentOwner } from "../cleanup/current-owner.ts";
import { type EnginePlace, findPlace } from "./engine-place.ts";
import { addressOf, type PublishedAddress } from "./published-address.ts";
import { pullImage } from "./pull-image.ts";
import { startReaper } from "./start-reaper.ts";
import { testcontainersClient } from "./testcontainers-client.ts";

/** The Docker engine that Testcontainers found. Holds nothing that needs closing. */
export interface Engine extends PublishedAddress {
  readonly client: ContainerRuntimeClient;
  readonly docker: ContainerRuntimeClient["container"]["dockerode"];
  /** Where the engine runs. */
  readonly place: EnginePlace;
  /** Number of the engine's processors. */
  readonly cpus: number;
  /** Testcontainers' session id; what carries it is reaped with the session where Ryuk runs. */
  readonly sessionId: string;
  /** To whom everything that is made here belongs: this process. */
  readonly owner: Owner;
}

/**
 * The client that Testcontainers finds. Starts nothing.
 *
 * @throws RedisClusterError NO_DOCKER
 */
export async function findClient(): Promise<ContainerRuntimeClient> {
  try {
    return await testcontainersClient();
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `No Docker engine answers (${messageOf(error)}). Is Docker running, and may this user talk to it? ` +
        "Testcontainers looks at DOCKER_HOST, ~/.testcontainers.properties and the usual sockets.",
      { cause: error },
    );
  }
}

const places = new WeakMap<ContainerRuntimeClient, EnginePlace>();

/**
 * Finds out where an engine runs; asks only once.
 *
 * @throws RedisClusterError NO_DOCKER if the engine does not answer any more.
 */
export async function locate(client: ContainerRuntimeClient): Promise<EnginePlace> {
  try {
    const place = places.get(client) ?? (await findPlace(client, client.info.containerRuntime.host));
    places.set(client, place);
    return place;
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `The Docker engine does not answer any more: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** @throws RedisClusterError NO_DOCKER or REAPER_UNAVAILABLE */
export async function findEngine(): Promise<Engine> {
  const finding = currentOwner();
  // A rejection is reported by the last line; it must not end the process if an earlier line fails.
  finding.catch(() => {});
  const client = await findClient();
  const { host, hostIps, cpus } = client.info.containerRuntime;
  const [{ sessionId }, place] = await Promise.all([startReaper(client), locate(client)]);
  return {
    ...addressOf({ host, hostIps, override: process.env["TESTCONTAINERS_HOST_OVERRIDE"] }, place),
    client,
    docker: client.container.dockerode,
    place,
    cpus,
    sessionId,
    owner: await finding,
  };
}

/** How long an image may take to come. It is no part of other limits, as a first pull says nothing of what comes after. */
export const PULL_TIMEOUT_MS = 600_000;

/**
 * Returns the name under which an image is pulled, inspected and run: Testcontainers puts the registry that
 * `TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX` names before the name of an image of Docker Hub. Applying this function, or
 * Testcontainers' own `ImageName.fromString`, to the result returns the result.
 */
export function imageName(given: string): string {
  const { string: name } = ImageName.fromString(given);
  // A prefix without a dot or a port is an organization of Docker Hub, and would be put before the name again and again.
  return ImageName.fromString(name).string === name ? name : `docker.io/${name.replace("//", "/")}`;
}

/** Returns whether the engine has an image already; false if the engine does not answer. */
export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return await engine.client.image.exists(ImageName.fromString(imageName(image))).catch(() => false);
}

/**
 * Pulls the image unless the engine has it.
 *
 * @param option by which another image is named.
 * @throws RedisClusterError IMAGE_UNAVAILABLE
 */
export async function ensureImage(
  engine: Engine,
  image: string,
  option: "image" | "faultImage",
): Promise<void> {
  const name = imageName(image);
  const parsed = ImageName.fromString(name);
  let cause: unknown;
  try {
    if (await engine.client.image.exists(parsed)) return;
    await pullImage(engine, parsed);
    if (await engine.client.image.exists(parsed)) return;
  } catch (error) {
    cause = error;
  }
  const why = cause === undefined ? "" : `: ${messageOf(cause)}`;
  throw new RedisClusterError(
    "IMAGE_UNAVAILABLE",
    `The image "${name}" is neither on the engine nor can it be pulled${why}. ` +
      `Check its name, \`docker pull ${name}\`, or name another one with the option \`${option}\`.`,
    { cause, details: { image: name, option } },
  );
}

/** The HTTP status of an answer of the engine, or undefined where it was no answer. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}
