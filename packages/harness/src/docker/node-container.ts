import { posix } from "node:path";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { pause } from "../clock/real-time.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { MARKS_FOLDER } from "./boot-script.ts";
import { type Engine, statusOf } from "./engine.ts";
import { followLogs, type LogSelection, readLogs } from "./read-logs.ts";
import { isPortRace, startError } from "./start-error.ts";

/** How often a container is started again if another program took the free port that the engine chose. */
const PORT_RACES = 5;
const PORT_RACE_PAUSE_MS = 50;

/** A file that a node is given. */
export interface NodeFile {
  /** Its path from /tmp. */
  readonly name: string;
  readonly mode: number;
  readonly content: string | Buffer;
}

/** What the engine says of a container. */
export interface ContainerState {
  /** `running`, `exited`, `paused`, … or `removed` when the engine knows it no more. */
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
}

/** A node's container after its creation: looked at and driven by its id, through any number of kills and starts. */
export class NodeContainer {
  readonly id: string;
  readonly #engine: Engine;
  readonly #node: NodePlan;

  constructor(engine: Engine, node: NodePlan, id: string) {
    this.#engine = engine;
    this.#node = node;
    this.id = id;
  }

  get name(): string {
    return this.#node.name;
  }

  get #container(): ReturnType<Engine["docker"]["getContainer"]> {
    return this.#engine.docker.getContainer(this.id);
  }

  async state(): Promise<ContainerState> {
    try {
      const { State } = await this.#ask("for the state of", this.#container.inspect());
      return {
        status: State.Status,
        exitCode: State.Running ? undefined : State.ExitCode,
        oomKilled: State.OOMKilled,
      };
    } catch (error) {
      if (error instanceof RedisClusterError && statusOf(error.cause) === 404)
        return { status: "removed", exitCode: undefined, oomKilled: false };
      throw error;
    }
  }

  /** Where the client port is published now. A restart changes it unless the host port is fixed. */
  async mappedAddress(): Promise<HostAndPort> {
    const { NetworkSettings } = await this.#ask("for the ports of", this.#container.inspect());
    const binding = NetworkSettings.Ports[`${this.#node.port}/tcp`]?.[0];
    if (binding === undefined) {
      throw new RedisClusterError(
        "START_FAILED",
        `${this.#node.name} does not publish its port ${this.#node.port}.`,
      );
    }
    return { host: this.#engine.host, port: Number(binding.HostPort) };
  }

  /**
   * Sends a signal to the container's main process and waits until the container is no longer running. A frozen one is let
   * go on, for only SIGKILL reaches it otherwise.
   */
  async kill(signal: string): Promise<void> {
    const ended = this.#container.wait({ condition: "not-running" });
    // Heard below, once the signal is sent.
    ended.catch(() => {});
    await this.#ask("to kill", this.#container.kill({ signal }));
    if (signal !== "SIGKILL" && (await this.state()).status === "paused") await this.unpause();
    await this.#ask("to wait for", ended);
  }

  /** Freezes every process of the container; its sockets stay open. */
  async pause(): Promise<void> {
    await this.#ask("to pause", this.#container.pause());
  }

  /**
   * Lets a frozen container go on. One that goes on by itself meanwhile is as well: the engine resumes whom it has sent
   * SIGTERM, a moment after it has said that the signal is sent.
   */
  async unpause(): Promise<void> {
    try {
      await this.#ask("to go on with", this.#container.unpause());
    } catch (error) {
      const { status } = await this.state();
      if (status === "paused" || status === "removed") throw error;
    }
  }

  /**
   * Sets what happens at the next start of the container, which may be stopped: `wipe` deletes the node's data but keeps its
   * identity; `new` deletes everything, so that the node boots as it did the first time, or with another `nodes.conf`;
   * `hold` makes the server wait for {@link continueBoot}, for at most half a minute.
   */
  async setNextBoot(what: "wipe" | "new" | "hold", nodesConf = ""): Promise<void> {
    await this.#putMark(what, nodesConf);
  }

  /** Lets a server start that waits because of `setNextBoot("hold")`. */
  async continueBoot(): Promise<void> {
    await this.#putMark("hold", "go");
  }

  async #putMark(name: string, content: string): Promise<void> {
    // Into a folder that the boot script has created: its user may delete there, whoever owns the file.
    await this.#put(`/tmp/${MARKS_FOLDER}`, [{ name, mode: 0o644, content }]);
  }

  /**
   * Puts secret files into a new folder below the container's /tmp before its first start.
   *
   * @param user as which the container starts, as Docker is told it: only this user can read the files.
   */
  async putSecrets(folder: string, files: readonly NodeFile[], user: string): Promise<void> {
    const uid = await this.#userId(user);
    // The boot script hands over what is root's.
    const directory = { name: folder, type: "directory", mode: 0o700, content: "" } as const;
    const inside = files.map((file) => ({ ...file, name: `${folder}/${file.name}` }));
    await this.#put("/tmp", [directory, ...inside], uid);
  }

  /** Puts files into a new folder below the container's /tmp, which every user of the container may read and write. */
  async putFiles(
    folder: string,
    files: readonly { readonly name: string; readonly content: Buffer }[],
  ): Promise<void> {
    const folders = new Set([folder, ...files.map(({ name }) => posix.dirname(`${folder}/${name}`))]);
    const directories = [...folders].map(
      (name) => ({ name, type: "directory", mode: 0o777, content: "" }) as const,
    );
    const inside = files.map(({ name, content }) => ({ name: `${folder}/${name}`, mode: 0o666, content }));
    await this.#put("/tmp", [...directories, ...inside]);
  }

  async #put(
    path: string,
    entries: readonly (NodeFile & { readonly type?: "directory" })[],
    uid = 0,
  ): Promise<void> {
    const archive = pack();
    for (const { content, ...entry } of entries) archive.entry({ ...entry, uid }, content);
    archive.finalize();
    await this.#ask("to take files for", this.#container.putArchive(await buffer(archive), { path }));
  }

  /** The number of a container's user: only the image knows that of a name. */
  async #userId(user: string): Promise<number> {
    const [name = ""] = user.split(":");
    if (name === "" || name === "root") return 0;
    if (/^\d+$/.test(name)) return Number(name);
    const archive = await this.#ask("for the users of", this.#container.getArchive({ path: "/etc/passwd" }));
    for await (const entry of archive.pipe(extract())) {
      const line = (await text(entry)).split("\n").find((each) => each.startsWith(`${name}:`));
      if (line !== undefined) return Number(line.split(":")[2]);
    }
    throw new RedisClusterError(
      "START_FAILED",
      `${this.name} could not be started: its image has no user "${name}" in /etc/passwd.`,
      { details: { node: this.name } },
    );
  }

  /** Starts the container. Returns `running` if it ran already: the engine answers 304 then. */
  async start(): Promise<"started" | "running"> {
    for (let races = 0; ; races += 1) {
      try {
        await this.#container.start();
        return "started";
      } catch (error) {
        if (statusOf(error) === 304) return "running";
        if (races === PORT_RACES || !isPortRace(this.#node, error)) throw startError(this.#node, error);
        await pause(PORT_RACE_PAUSE_MS);
      }
    }
  }

  /** Removes the container and its volumes, running or not; one that is gone already is fine. */
  async remove(): Promise<void> {
    await removeContainer(this.#engine, this.id);
  }

  /**
   * What the container has printed, both streams in one; where given, the last `tail` lines only, or what came after
   * `since` (seconds since 1970). With `timestamps` the engine's stamp is before each line.
   */
  async logs(selection: LogSelection = {}): Promise<string> {
    return await this.#ask("for the log of", readLogs(this.#engine, this.#container, selection));
  }

  /**
   * What the container has printed, from a moment on if one is given (seconds since 1970), and goes on printing, until it
   * ends or the stream is destroyed. The signal is for the engine's answer.
   */
  async logStream(since = 0, signal?: AbortSignal): Promise<Readable> {
    return await this.#ask("for the log of", followLogs(this.#engine, this.#container, since, signal));
  }

  /** Passes on what the engine says; where it fails, with what was asked of it. */
  async #ask<T>(what: string, asking: Promise<T>): Promise<T> {
    try {
      return await asking;
    } catch (error) {
      throw new RedisClusterError(
        "ENGINE_FAILED",
        `The engine was asked ${what} ${this.name}, and failed: ${messageOf(error)}`,
        { cause: error, details: { node: this.name } },
      );
    }
  }
}

/** Removes a container and its volumes by id or name, running or not. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  try {
    await engine.docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    // 409: another request is removing it at this moment.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

/**
 * Runs an action that uses a container, and then removes the container. If the action fails, its error is the one that is
 * thrown, also if the removal fails: a container of a cluster that is left is removed with the cluster.
 *
 * @param name of the container, which the action may not have created.
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
