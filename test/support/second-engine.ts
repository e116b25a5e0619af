import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setInterval } from "node:timers/promises";
import { promisify } from "node:util";
import { serverImage } from "./engine.ts";

const run = promisify(execFile);

/** Why a test cannot change this machine; undefined if it can. */
export function whyNotRoot(): string | undefined {
  return process.platform === "linux" && process.getuid?.() === 0 ? undefined : "that needs Linux and root";
}

/** Why no engine of a test's own can be had on this machine; undefined where it can. */
export function whyNoSecondEngine(): string | undefined {
  const why = whyNotRoot();
  if (why !== undefined) return why;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, "dockerd"))) ? undefined : "there is no dockerd";
}
const UP_LIMIT_MS = 30_000;

/**
 * An engine of a test's own, on its own socket and in its own folder, to be stopped, killed, starved and restarted as
 * the test likes. It needs `dockerd` on this machine, and root.
 */
export class SecondEngine implements AsyncDisposable {
  /** What a program needs in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #dataFolder: string;
  readonly #mounted: boolean;
  #bridgesBefore: readonly string[] = [];
  /** Its default bridge: a network of the first engine that nothing else uses. A device's name has at most 15 characters. */
  readonly #bridge: string = `trc-${randomBytes(5).toString("hex")}`;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, mounted: boolean) {
    this.#folder = folder;
    this.#dataFolder = join(folder, "data");
    this.#mounted = mounted;
    this.environment = { DOCKER_HOST: `unix://${join(folder, "docker.sock")}` };
  }

  /** @param diskMb size of a disk of its own for the engine's data; by default it has this machine's. */
  static async start({ diskMb }: { readonly diskMb?: number } = {}): Promise<SecondEngine> {
    const folder = await mkdtemp(join(tmpdir(), "trc-engine-"));
    const engine = new SecondEngine(folder, diskMb !== undefined);
    try {
      await run("mkdir", ["-p", engine.#dataFolder]);
      if (diskMb !== undefined) {
        await run("mount", ["-t", "tmpfs", "-o", `size=${diskMb}m`, "tmpfs", engine.#dataFolder]);
      }
      await run("docker", [
        ...["network", "create", "--driver", "bridge"],
        ...["--opt", `com.docker.network.bridge.name=${engine.#bridge}`, engine.#bridge],
      ]);
      engine.#bridgesBefore = await bridges();
      await engine.boot();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  /** Starts the daemon, and waits until it answers. */
  async boot(): Promise<void> {
    const log = await open(join(this.#folder, "log"), "a");
    const path = (name: string): string => join(this.#folder, name);
    this.#daemon = spawn(
      "dockerd",
      [
        `--host=${this.environment["DOCKER_HOST"]}`,
        `--data-root=${this.#dataFolder}`,
        `--exec-root=${path("exec")}`,
        `--pidfile=${path("pid")}`,
        // Left to itself it would take the first engine's default bridge; told to have none it would delete that one.
        `--bridge=${this.#bridge}`,
        "--max-download-attempts=1",
      ],
      { stdio: ["ignore", log.fd, log.fd], detached: true },
    );
    await log.close();
    const { exitCode } = this.#daemon;
    const begun = performance.now();
    for await (const _ of setInterval(50)) {
      if (
        await this.docker("info").then(
          () => true,
          () => false,
        )
      )
        return;
      if (this.#daemon.exitCode !== exitCode || performance.now() - begun > UP_LIMIT_MS) {
        throw new Error(`the second engine does not answer: ${await readFile(path("log"), "utf8")}`);
      }
    }
  }

  /** The engine gets a signal, and is waited for: SIGTERM ends its containers, SIGKILL leaves them to themselves. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
  }

  /** Gives it the server's image of the first engine, and its name. */
  async loadImage(): Promise<string> {
    const file = join(this.#folder, "image.tar");
    await run("docker", ["save", "--output", file, serverImage()]);
    await this.docker("load", "--quiet", "--input", file);
    await rm(file);
    return serverImage();
  }

  /** The `docker` command on it; gives what that prints. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("docker", args, { env: { ...process.env, ...this.environment } });
    return stdout.trim();
  }

  /** Names of all its containers and networks that are not its own. */
  async things(): Promise<readonly string[]> {
    const [containers, networks] = await Promise.all([
      this.docker("ps", "--all", "--format", "{{.Names}}"),
      this.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"),
    ]);
    return `${containers}\n${networks}`.split("\n").filter((name) => name !== "");
  }

  /** Takes all that is left of its disk but so many bytes; gives what frees it again. */
  async fillDisk(leaveBytes: number): Promise<() => Promise<void>> {
    const file = join(this.#dataFolder, "filling");
    const { stdout } = await run("df", ["--output=avail", "--block-size=1", this.#dataFolder]);
    const free = Number(stdout.trim().split("\n").at(-1));
    await run("fallocate", ["--length", String(Math.max(4096, free - leaveBytes)), file]);
    return () => rm(file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon !== undefined) {
      for (const id of (await this.docker("ps", "--all", "--quiet").catch(() => "")).split("\n")) {
        if (id !== "") await this.docker("rm", "--force", "--volumes", id).catch(() => {});
      }
      for (const id of (
        await this.docker("network", "ls", "--quiet", "--filter", "type=custom").catch(() => "")
      ).split("\n")) {
        if (id !== "") await this.docker("network", "rm", id).catch(() => {});
      }
      await this.end("SIGTERM");
    }
    // An engine whose disk was full when it made a network has forgotten the network and left its bridge.
    const now = await bridges();
    for (const bridge of now.filter((each) => !this.#bridgesBefore.includes(each))) {
      await run("ip", ["link", "delete", bridge]).catch(() => {});
    }
    await run("docker", ["network", "rm", this.#bridge]).catch(() => {});
    if (this.#mounted) await run("umount", ["--lazy", this.#dataFolder]).catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Names of this machine's devices that are bridges of Docker networks. */
async function bridges(): Promise<readonly string[]> {
  return (await readdir("/sys/class/net")).filter((name) => name.startsWith("br-"));
}
