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

/** Returns why tests cannot change the routes and packet filters of this machine, or undefined if they can. */
export function findRootObstacle(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "they need Linux and root";
  return isInstalled("iptables") ? undefined : "iptables is not installed";
}

/** Returns why a test cannot run its own engine on this machine, or undefined if it can. */
export function findSecondEngineObstacle(): string | undefined {
  const obstacle = findRootObstacle();
  if (obstacle !== undefined) return obstacle;
  return isInstalled("dockerd") ? undefined : "dockerd is not installed";
}

function isInstalled(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

const START_TIMEOUT_MS = 30_000;

/**
 * A separate engine with its own socket and folder, which a test can stop, kill, restart and deprive of disk space. Requires
 * `dockerd` on this machine, and root.
 */
export class SecondEngine implements AsyncDisposable {
  /** The environment variables with which a program uses this engine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #dataFolder: string;
  readonly #mounted: boolean;
  #bridgesBefore: readonly string[] = [];
  /** The default bridge: a network of the first engine that is not used otherwise. Its device name has at most 15 characters. */
  readonly #bridge: string = `trc-${randomBytes(5).toString("hex")}`;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, mounted: boolean) {
    this.#folder = folder;
    this.#dataFolder = join(folder, "data");
    this.#mounted = mounted;
    this.environment = { DOCKER_HOST: `unix://${join(folder, "docker.sock")}` };
  }

  /** @param diskMb the size of a separate disk for the data of the engine. @default the disk of this machine */
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
      engine.#bridgesBefore = await listBridges();
      await engine.boot();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  /** Starts the daemon and waits until it answers. */
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
        // Without this option the daemon would use the default bridge of the first engine. With "none" it would delete that bridge.
        `--bridge=${this.#bridge}`,
        "--max-download-attempts=1",
      ],
      { stdio: ["ignore", log.fd, log.fd], detached: true },
    );
    await log.close();
    const { exitCode } = this.#daemon;
    const startedAt = performance.now();
    for await (const _ of setInterval(50)) {
      if (
        await this.docker("info").then(
          () => true,
          () => false,
        )
      )
        return;
      if (this.#daemon.exitCode !== exitCode || performance.now() - startedAt > START_TIMEOUT_MS) {
        throw new Error(`The second engine does not answer: ${await readFile(path("log"), "utf8")}`);
      }
    }
  }

  /** Sends a signal to the daemon and waits until it ends. SIGTERM also stops the containers, SIGKILL leaves them running. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
  }

  /** Copies the server image from the first engine and returns its name. */
  async loadImage(): Promise<string> {
    const file = join(this.#folder, "image.tar");
    await run("docker", ["save", "--output", file, serverImage()]);
    await this.docker("load", "--quiet", "--input", file);
    await rm(file);
    return serverImage();
  }

  /** Runs the `docker` command on this engine and returns its output. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("docker", args, { env: { ...process.env, ...this.environment } });
    return stdout.trim();
  }

  /** Returns the names of all containers and custom networks of this engine. */
  async listResources(): Promise<readonly string[]> {
    const [containers, networks] = await Promise.all([
      this.docker("ps", "--all", "--format", "{{.Names}}"),
      this.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"),
    ]);
    return `${containers}\n${networks}`.split("\n").filter((name) => name !== "");
  }

  /** Fills the disk except for `leaveBytes` bytes. Returns a function that frees the space again. */
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
      await this.stop("SIGTERM");
    }
    // An engine whose disk was full when it created a network has lost the network, but its bridge still exists.
    const now = await listBridges();
    for (const bridge of now.filter((name) => !this.#bridgesBefore.includes(name))) {
      await run("ip", ["link", "delete", bridge]).catch(() => {});
    }
    await run("docker", ["network", "rm", this.#bridge]).catch(() => {});
    if (this.#mounted) await run("umount", ["--lazy", this.#dataFolder]).catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns the names of the network devices of this machine that are bridges of Docker networks. */
async function listBridges(): Promise<readonly string[]> {
  return (await readdir("/sys/class/net")).filter((name) => name.startsWith("br-"));
}
