import { type ContainerRuntimeClient, ImageName } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { Owner } from "../cleanup/owner.ts";
import { currentOwner } from "../cleanup/current-owner.ts";
import { type EngineLocation, readLocation } from "./engine-location.ts";
import { choosePublishedAddress, type PublishedAddress } from "./published-address.ts";
import { pullImage } from "./pull-image.ts";
import { startReaper } from "./start-reaper.ts";
import { testcontainersClient } from "./testcontainers-client.ts";

/** The Docker engine that Testcontainers found. It needs no closing. */
export interface Engine extends PublishedAddress {
  readonly client: ContainerRuntimeClient;
  readonly docker: ContainerRuntimeClient["container"]["dockerode"];
  /** Where the engine runs. */
  readonly location: EngineLocation;
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
    return await testcontainersClient();
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `No Docker engine answers (${messageOf(error)}). Is Docker running, and is this user allowed to access it? ` +
        "Testcontainers searches DOCKER_HOST, ~/.testcontainers.properties and the default sockets.",
      { cause: error },
    );
  }
}

const locations = new WeakMap<ContainerRuntimeClient, EngineLocation>();

/**
 * Determines where an engine runs. The result is cached for each client.
 *
 * @throws RedisClusterError NO_DOCKER if the engine does not answer any more.
 */
export async function locateEngine(client: ContainerRuntimeClient): Promise<EngineLocation> {
  try {
    const location = locations.get(client) ?? (await readLocation(client, client.info.containerRuntime.host));
    locations.set(client, location);
    return location;
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `Reading the location of the Docker engine failed: it does not answer any more (${messageOf(error)}).`,
      {
        cause: error,
      },
    );
  }
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
  const [{ sessionId }, location] = await Promise.all([startReaper(client), locateEngine(client)]);
  return {
    ...choosePublishedAddress(
      { host, hostIps, override: process.env["TESTCONTAINERS_HOST_OVERRIDE"] },
      location,
    ),
    client,
    docker: client.container.dockerode,
    location,
    cpus,
    sessionId,
    owner: await owner,
  };
}

/**
 * The timeout of a pull, in milliseconds. It is not part of other timeouts, because only the first use of an image needs a
 * pull.
 */
export const PULL_TIMEOUT_MS = 600_000;

/**
 * Returns the name with which an image is pulled, inspected and run. For an image of Docker Hub, Testcontainers adds the prefix
 * in `TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX`, such as another registry. The function is idempotent, also in combination with
 * `ImageName.fromString` of Testcontainers.
 */
export function imageName(image: string): string {
  const { string: name } = ImageName.fromString(image);
  // A prefix without a dot or a port is an organization of Docker Hub. Without a registry it would be added each time.
  return ImageName.fromString(name).string === name ? name : `docker.io/${name.replace("//", "/")}`;
}

/** Returns true if the engine has an image, and false if it does not or does not answer. */
export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return await engine.client.image.exists(ImageName.fromString(imageName(image))).catch(() => false);
}

/**
 * Pulls an image unless the engine has it.
 *
 * @param option the option that sets the image, for the message.
 * @throws RedisClusterError IMAGE_UNAVAILABLE if the engine does not have the image and cannot pull it.
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
  const reason = cause === undefined ? "" : `: ${messageOf(cause)}`;
  throw new RedisClusterError(
    "IMAGE_UNAVAILABLE",
    `Pulling the image "${name}" failed${reason}. ` +
      `Check its name with \`docker pull ${name}\`, or set another image with the option \`${option}\`.`,
    { cause, details: { image: name, option } },
  );
}

/** Returns the HTTP status of an error of the engine, or undefined if the error is not an answer of the engine. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}
