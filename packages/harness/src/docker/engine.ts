import { once } from "node:events";
import { createServer } from "node:net";
import { type ContainerRuntimeClient, getContainerRuntimeClient, getReaper, ImageName } from "testcontainers";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { Owner } from "../ownership/owner.ts";
import { thisOwner } from "../ownership/this-owner.ts";

/** The Docker engine that Testcontainers found. Holds nothing that needs closing. */
export interface Engine {
  readonly client: ContainerRuntimeClient;
  readonly docker: ContainerRuntimeClient["container"]["dockerode"];
  /** Where published ports are reached: an address or name of the engine's host. */
  readonly host: string;
  /** The engine runs on this machine, so that a port published on loopback can be reached. */
  readonly local: boolean;
  /**
   * The address on which a port for everybody is published, of the family by which `host` is reached. Without one Docker
   * publishes on both families, on ports that can differ: each family is given its next free one.
   */
  readonly everywhere: "0.0.0.0" | "::";
  /** Number of the engine's processors. */
  readonly cpus: number;
  /** Testcontainers' session id; what carries it is reaped with the session where Ryuk runs. */
  readonly sessionId: string;
  /** Whether Ryuk runs, and so removes what this process leaves when it dies. */
  readonly reaped: boolean;
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
    return await getContainerRuntimeClient();
  } catch (error) {
    throw new RedisClusterError(
      "NO_DOCKER",
      `No Docker engine answers (${messageOf(error)}). Is Docker running, and may this user talk to it? ` +
        "Testcontainers looks at DOCKER_HOST, ~/.testcontainers.properties and the usual sockets.",
      { cause: error },
    );
  }
}

/** @throws RedisClusterError NO_DOCKER or REAPER_UNAVAILABLE */
export async function findEngine(): Promise<Engine> {
  const finding = thisOwner();
  const client = await findClient();
  const { sessionId, containerId: ryuk } = await startReaper(client);
  const { host, hostIps, cpus } = client.info.containerRuntime;
  const local = await isThisMachine(host);
  return {
    client,
    docker: client.container.dockerode,
    // Ports are published for IPv4 only, and `localhost` may mean ::1 first (https://github.com/testcontainers/testcontainers-node/issues/750).
    host: local ? "127.0.0.1" : host,
    local,
    everywhere: local || hostIps.some(({ family }) => family === 4) ? "0.0.0.0" : "::",
    cpus,
    sessionId,
    // Testcontainers gives a reaper without a container where Ryuk is off.
    reaped: ryuk !== "",
    owner: await finding,
  };
}

/**
 * Whether an engine's host is the machine that this process sees. Testcontainers names the bridge's gateway wherever
 * `/.dockerenv` exists, also on a virtual machine made from an image; but only on the engine's own machine can that
 * address be listened on. (The list of interfaces leaves out a bridge that nothing is connected to.)
 */
export async function isThisMachine(host: string): Promise<boolean> {
  if (host === "localhost") return true;
  const server = createServer();
  try {
    await once(server.listen(0, host), "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Starts Testcontainers' reaper (Ryuk), the first time in a process, unless it is switched off. */
async function startReaper(client: ContainerRuntimeClient): ReturnType<typeof getReaper> {
  try {
    return await getReaper(client);
  } catch (error) {
    throw new RedisClusterError(
      "REAPER_UNAVAILABLE",
      `Testcontainers' reaper (Ryuk), which removes what a dead process leaves behind, did not start: ${messageOf(error)}. ` +
        "Where its image cannot be had, RYUK_CONTAINER_IMAGE names another, and TESTCONTAINERS_RYUK_DISABLED=true does without.",
      { cause: error },
    );
  }
}

/** How long an image may take to come. It is no part of other limits, as a first pull says nothing of what comes after. */
export const PULL_TIMEOUT_MS = 600_000;

/** Whether the engine has an image already; not, too, where it does not tell. */
export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return await engine.client.image.exists(ImageName.fromString(image)).catch(() => false);
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
  const name = ImageName.fromString(image);
  let cause: unknown;
  try {
    await engine.client.image.pull(name);
    if (await engine.client.image.exists(name)) return;
    // Testcontainers takes the end of a pull for its success, and drops the engine's words.
    await pullAloud(engine, image);
    if (await engine.client.image.exists(name)) return;
  } catch (error) {
    cause = error;
  }
  throw new RedisClusterError(
    "IMAGE_UNAVAILABLE",
    `The image "${image}" is neither on the engine nor can it be pulled${cause === undefined ? "" : `: ${messageOf(cause)}`}. ` +
      `Check its name, \`docker pull ${image}\`, or name another one with the option \`${option}\`.`,
    { cause, details: { image, option } },
  );
}

/** Pulls once more, without credentials; rejects with what the engine says of it. */
async function pullAloud({ docker }: Engine, image: string): Promise<void> {
  const progress = await docker.pull(image);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  docker.modem.followProgress(progress, (error, steps: readonly { readonly error?: string }[]) => {
    // What fails after the answer has begun is one of its lines.
    const said = steps.find((step) => step.error !== undefined)?.error;
    if (error === null && said === undefined) resolve();
    else reject(error ?? new Error(said));
  });
  await promise;
}

/** The folders for which an image wants a volume. The engine must have the image. */
export async function volumesOfImage({ docker }: Engine, image: string): Promise<readonly string[]> {
  const { Config } = await docker.getImage(image).inspect();
  return Object.keys(Config.Volumes ?? {});
}

/** The HTTP status of an answer of the engine, or undefined where it was no answer. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? Reflect.get(error, "statusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}
