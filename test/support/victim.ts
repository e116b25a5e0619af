import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that makes clusters, in a process of its own that is there to be killed. Testcontainers' reaper is off. */
export class Victim implements AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #reader: ReturnType<typeof createInterface>;
  readonly #errors: Promise<string>;

  /**
   * @param body of an ES module that has `startRedisCluster`; it tells by `console.log` how far it is.
   * @param environment variables in addition to this process's; undefined takes one away.
   */
  constructor(body: string, environment: Readonly<Record<string, string | undefined>> = {}) {
    const source = `import { startRedisCluster } from "testcontainers-redis-cluster";\n${body}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      // Where the import resolves.
      cwd: join(import.meta.dirname, ".."),
      env: { ...process.env, TESTCONTAINERS_RYUK_DISABLED: "true", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid === undefined) throw new Error("the victim did not start");
    this.#child = child;
    this.pid = child.pid;
    this.ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    this.#errors = text(child.stderr);
    this.#reader = createInterface({ input: child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  /** Waits until it has printed that line; fails with what it printed to stderr where it ends without. */
  async says(line: string): Promise<void> {
    while (!this.#lines.includes(line)) await Promise.race([once(this.#reader, "line"), this.#silence(line)]);
  }

  /** Rejects when it has ended, with what it printed to stderr. */
  #silence(line: string): Promise<never> {
    const silence = this.ended.then(async (): Promise<never> => {
      throw new Error(`the victim ended before it said "${line}": ${await this.#errors}`);
    });
    silence.catch(() => {});
    return silence;
  }

  /** Waits for a line that begins with that word, and gives the JSON behind it. */
  async tells(word: string): Promise<Record<string, unknown>> {
    const found = (): string | undefined => this.#lines.find((line) => line.startsWith(`${word} `));
    while (found() === undefined) await Promise.race([once(this.#reader, "line"), this.#silence(word)]);
    return JSON.parse((found() as string).slice(word.length + 1)) as Record<string, unknown>;
  }

  /** The line that it printed last. */
  get last(): string {
    return this.#lines.at(-1) ?? "";
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Numbers of its watcher processes. Ask while it lives: an orphan's parent is forgotten. */
  async watchers(): Promise<readonly number[]> {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,args="]);
    return stdout
      .split("\n")
      .filter((line) => line.includes("watcher-main"))
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([pid = 0, parent]) => (parent === this.pid ? [pid] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }
}

/** Whether a process of that number runs. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
