import { posix } from "node:path";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { messageOf, RedisClusterError } from "../errors.ts";
import { log } from "../log.ts";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { NODE_FOLDER } from "./boot-script.ts";
import { type Container, type Engine, statusOf } from "./engine.ts";
import { isRoot } from "./image-config.ts";
import { followLogs, type LogSelection, readLogs } from "./read-logs.ts";
import { isPortRace, startError } from "./start-error.ts";
import { limitConcurrency } from "../timing/limit-concurrency.ts";
import { retry } from "../timing/retry.ts";

/** How often a container is started if another program takes the free port that the engine chose. */
const MAX_START_ATTEMPTS = 6;
const PORT_RACE_PAUSE_MS = 50;

/** A file that is copied into the container of a node. */
export interface NodeFile {
  /** The path, relative to the folder into which the file is copied. */
  readonly name: string;
  readonly mode: number;
  readonly content: string | Buffer;
}

/** The state of a container, as the engine reports it. */
export interface ContainerState {
  /** `running`, `exited`, `paused` and so on, in the words of Docker, or `removed` if the container does not exist any more. */
  readonly status: string;
  /** The exit code of the main process. It is undefined unless the process has ended. */
  readonly exitCode: number | undefined;
  /** True if the kernel killed the container because it was out of memory (OOM-killed). */
  readonly oomKilled: boolean;
}

/**
 * The words of Docker for the states of Podman that have other names (`ContainerStatus` in libpod/define/containerstate.go). A
 * container is `stopped` from the end of its process until Podman has cleaned up, which may take seconds on a busy machine.
 */
const WORDS_OF_DOCKER: ReadonlyMap<string, string> = new Map([
  ["configured", "created"],
  ["initialized", "created"],
  ["stopping", "running"],
  ["stopped", "exited"],
]);

/** The container of a node after its creation. It is controlled by its id, which kills and starts do not change. */
export class NodeContainer {
  readonly id: string;
  readonly #engine: Engine;
  readonly #node: NodePlan;
  readonly #publishesPort: boolean;

  /** @param publishesPort whether the engine publishes the client port. */
  constructor(engine: Engine, node: NodePlan, id: string, publishesPort: boolean) {
    this.#engine = engine;
    this.#node = node;
    this.#publishesPort = publishesPort;
    this.id = id;
  }

  get name(): string {
    return this.#node.name;
  }

  get #container(): Container {
    return this.#engine.docker.getContainer(this.id);
  }

  /** Reads the state of the container. */
  async state(): Promise<ContainerState> {
    try {
      const { State } = await this.#request("read the state of", this.#container.inspect());
      const status = WORDS_OF_DOCKER.get(State.Status) ?? State.Status;
      return {
        status,
        exitCode: status === "exited" || status === "dead" ? State.ExitCode : undefined,
        oomKilled: State.OOMKilled,
      };
    } catch (error) {
      if (error instanceof RedisClusterError && statusOf(error.cause) === 404)
        return { status: "removed", exitCode: undefined, oomKilled: false };
      throw error;
    }
  }

  /**
   * Reads where the client port is published now; undefined if the cluster does not publish it. A restart changes the port unless
   * it is fixed.
   *
   * @throws RedisClusterError START_FAILED if the port should be published and is not.
   */
  async publishedAddress(): Promise<HostAndPort | undefined> {
    if (!this.#publishesPort) return undefined;
    const { NetworkSettings } = await this.#request("read the ports of", this.#container.inspect());
    const binding = NetworkSettings.Ports[`${this.#node.port}/tcp`]?.[0];
    if (binding === undefined) {
      throw new RedisClusterError(
        "START_FAILED",
        `Reading the ports of ${this.#node.name} failed: port ${this.#node.port} is not published.`,
      );
    }
    return { host: this.#engine.host, port: Number(binding.HostPort) };
  }

  /**
   * Sends a signal to the main process of the container and waits until the container has stopped. A paused container is resumed,
   * because a paused process handles no signal except SIGKILL.
   */
  async kill(signal: string): Promise<void> {
    const ended = this.#container.wait({ condition: "not-running" });
    // The promise is awaited below, after the signal is sent.
    ended.catch(() => {});
    await this.#request("kill", this.#container.kill({ signal }));
    if (signal !== "SIGKILL" && (await this.state()).status === "paused") await this.unpause();
    await this.#request("wait for the end of", ended);
  }

  /** Pauses all processes of the container. Its sockets stay open. */
  async pause(): Promise<void> {
    await this.#request("pause", this.#container.pause());
  }

  /**
   * Resumes a paused container. Also succeeds if the container has been resumed by the engine: after SIGTERM the engine resumes
   * the container, a moment after its answer to the request.
   */
  async unpause(): Promise<void> {
    try {
      await this.#request("unpause", this.#container.unpause());
    } catch (error) {
      const { status } = await this.state();
      if (status === "paused" || status === "removed") throw error;
    }
  }

  /**
   * Sets what the next start of the container does. The container may be stopped now.
   *
   * @param what `wipe` deletes the data of the node but keeps its node id. `new` deletes everything, so that the node boots as
   * the first time. `hold` makes the server wait for {@link continueBoot}, for at most 30 seconds.
   * @param nodesConf the content of another `nodes.conf` for `new`. Default: the planned one.
   */
  async setNextBoot(what: "wipe" | "new" | "hold", nodesConf = ""): Promise<void> {
    await this.#putNextBootFile(what, nodesConf);
  }

  /** Continues a start that waits because of `setNextBoot("hold")`. */
  async continueBoot(): Promise<void> {
    await this.#putNextBootFile("hold", "go");
  }

  async #putNextBootFile(name: string, content: string): Promise<void> {
    // The boot script has created this folder, so its user can delete files of any owner in it.
    await this.#put(NODE_FOLDER, [{ name, mode: 0o644, content }]);
  }

  /**
   * Copies secret files into a folder of the container, before its first start. Only one user can read the files.
   *
   * @param folder the path of the folder, which does not exist unless it is a volume.
   * @param user the user of the container in the notation of Docker, such as `redis` or `1000:1000`. Empty for root.
   */
  async putSecrets(
    folder: string,
    files: readonly NodeFile[],
    user: string,
    { isVolume }: { readonly isVolume: boolean },
  ): Promise<void> {
    const uid = await this.#findUid(user);
    if (isVolume) {
      // The archive of a parent folder would be unpacked below the mount.
      await this.#put(folder, files, uid);
      return;
    }
    // If root owns the files, the boot script changes their owner to the user of the server.
    const directory = { name: posix.basename(folder), type: "directory", mode: 0o700, content: "" } as const;
    const entries = files.map((file) => ({ ...file, name: `${directory.name}/${file.name}` }));
    await this.#put(posix.dirname(folder), [directory, ...entries], uid);
  }

  /** Copies files into a new folder below /tmp of the container. Every user of the container can read and write them. */
  async putFiles(
    folder: string,
    files: readonly { readonly name: string; readonly content: Buffer }[],
  ): Promise<void> {
    const folders = new Set([folder, ...files.map(({ name }) => posix.dirname(`${folder}/${name}`))]);
    const directories = [...folders].map(
      (name) => ({ name, type: "directory", mode: 0o777, content: "" }) as const,
    );
    const entries = files.map(({ name, content }) => ({ name: `${folder}/${name}`, mode: 0o666, content }));
    await this.#put("/tmp", [...directories, ...entries]);
  }

  async #put(
    path: string,
    entries: readonly (NodeFile & { readonly type?: "directory" })[],
    uid = 0,
  ): Promise<void> {
    const archive = pack();
    for (const { content, ...entry } of entries) archive.entry({ ...entry, uid }, content);
    archive.finalize();
    await this.#request("copy files to", this.#container.putArchive(await buffer(archive), { path }));
  }

  /** Returns the id of a user. The id of a user name is read from the image. */
  async #findUid(user: string): Promise<number> {
    if (isRoot(user)) return 0;
    const [name = ""] = user.split(":");
    if (/^\d+$/.test(name)) return Number(name);
    const archive = await this.#request(
      "read the users of",
      this.#container.getArchive({ path: "/etc/passwd" }),
    );
    for await (const entry of archive.pipe(extract())) {
      const line = (await text(entry)).split("\n").find((entryLine) => entryLine.startsWith(`${name}:`));
      if (line !== undefined) return Number(line.split(":")[2]);
    }
    throw new RedisClusterError(
      "START_FAILED",
      `${this.name} could not be started: its image has no user "${name}" in /etc/passwd.`,
      { details: { node: this.name } },
    );
  }

  /**
   * Starts the container.
   *
   * @returns `running` if the container was running already, for which the engine answers 304.
   * @throws RedisClusterError PORT_TAKEN if another program uses the host port of the node.
   * @throws RedisClusterError START_FAILED if the container cannot be started for another reason.
   */
  async start(): Promise<"started" | "running"> {
    try {
      await retry(() => this.#container.start(), {
        attempts: MAX_START_ATTEMPTS,
        everyMs: PORT_RACE_PAUSE_MS,
        isTemporary: (error) => isPortRace(this.#node, error),
      });
      return "started";
    } catch (error) {
      if (statusOf(error) === 304) return "running";
      throw startError(this.#node, error);
    }
  }

  /** Reads the log of the container: stdout and stderr together, or the selected part. */
  async logs(selection: LogSelection = {}): Promise<string> {
    return await this.#request("read the log of", readLogs(this.#engine, this.#container, selection));
  }

  /**
   * Opens a stream of the log of the container. It ends with the container, or when it is destroyed.
   *
   * @param since the start of the log, in seconds since 1970. Default: the whole log.
   * @param signal ends the wait for the answer of the engine.
   */
  async logStream(since = 0, signal?: AbortSignal): Promise<Readable> {
    return await this.#request("read the log of", followLogs(this.#engine, this.#container, since, signal));
  }

  /**
   * Waits for the answer of the engine.
   *
   * @param action the request for the message, such as `read the state of`.
   * @throws RedisClusterError ENGINE_FAILED if the request fails.
   */
  async #request<T>(action: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw new RedisClusterError("ENGINE_FAILED", `Failed to ${action} ${this.name}: ${messageOf(error)}`, {
        cause: error,
        details: { node: this.name },
      });
    }
  }
}

/** While processes of the engine still use the files of a container, they cannot be removed: "device or resource busy" and the like. */
const MAX_REMOVE_ATTEMPTS = 5;
const REMOVE_PAUSE_MS = 200;

/** Removes a container and its volumes, also if it runs. Also succeeds if the container does not exist. `id` may be its name. */
async function removeContainer(engine: Engine, id: string): Promise<void> {
  const container = engine.docker.getContainer(id);
  await retry(() => requestRemoval(container), {
    attempts: MAX_REMOVE_ATTEMPTS,
    everyMs: REMOVE_PAUSE_MS,
    isTemporary: (error) => statusOf(error) === 500,
  });
}

async function requestRemoval(container: Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // 409: another request is removing the container at the moment.
    if (statusOf(error) === 404 || statusOf(error) === 409) return;
    if (statusOf(error) !== 500 || (await exists(container))) throw error;
    // Podman forgets a container before it removes its files (`removeStorageContainer` in libpod/storage.go).
    log("the engine has removed a container, but not all of its files: %s", messageOf(error));
  }
}

async function exists(container: Container): Promise<boolean> {
  try {
    await container.inspect();
    return true;
  } catch (error) {
    return statusOf(error) !== 404;
  }
}

/**
 * Removes containers of one network, each as soon as its id is known, and as many at the same time as the engine can.
 *
 * @param ids undefined stands for a container that was not created.
 */
export async function removeContainers(
  engine: Engine,
  ids: readonly (string | Promise<string | undefined>)[],
): Promise<void> {
  const limit = limitConcurrency(engine.traits.removalsAtOnce);
  await Promise.all(
    ids.map(async (id) => {
      const known = await id;
      if (known !== undefined) await limit(removeContainer, engine, known);
    }),
  );
}

/**
 * Runs an action that uses a container, and then removes the container. If the action fails, its error is thrown, also if the
 * removal fails too. A container that remains is removed with the cluster.
 *
 * @param name the name of the container. The action may fail before it creates the container.
 */
export async function removeAfter<T>(engine: Engine, name: string, action: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await action();
  } catch (error) {
    await removeContainer(engine, name).catch(() => {});
    throw error;
  }
  await removeContainer(engine, name);
  return result;
}
