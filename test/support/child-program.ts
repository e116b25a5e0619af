import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that creates clusters in a child process, which a test can kill. Testcontainers' reaper is disabled in it. */
export class ChildProgram implements AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #reader: ReturnType<typeof createInterface>;
  readonly #errors: Promise<string>;

  /**
   * @param body the body of an ES module in which `startRedisCluster` is imported. It reports its progress with `console.log`.
   * @param environment variables to set in addition to those of this process. `undefined` removes a variable.
   */
  constructor(body: string, environment: Readonly<Record<string, string | undefined>> = {}) {
    const source = `import { startRedisCluster } from "testcontainers-redis-cluster";\n${body}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      // The import is resolved from this folder.
      cwd: join(import.meta.dirname, ".."),
      env: { ...process.env, TESTCONTAINERS_RYUK_DISABLED: "true", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid === undefined) throw new Error("Failed to start the child program");
    this.#child = child;
    this.pid = child.pid;
    this.ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    this.#errors = text(child.stderr);
    this.#reader = createInterface({ input: child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  /** Waits until the program prints a line. Rejects with its standard error if the program ends before that. */
  async waitForLine(line: string): Promise<void> {
    while (!this.#lines.includes(line))
      await Promise.race([once(this.#reader, "line"), this.#rejectOnExit(line)]);
  }

  /** Rejects with the standard error when the program ends. */
  #rejectOnExit(line: string): Promise<never> {
    const exited = this.ended.then(async (): Promise<never> => {
      throw new Error(`The child program ended before it printed "${line}": ${await this.#errors}`);
    });
    exited.catch(() => {});
    return exited;
  }

  /** Waits for a line that starts with the word, and returns the JSON value after it. */
  async waitForReport(word: string): Promise<Record<string, unknown>> {
    const find = (): string | undefined => this.#lines.find((line) => line.startsWith(`${word} `));
    while (find() === undefined) await Promise.race([once(this.#reader, "line"), this.#rejectOnExit(word)]);
    return JSON.parse((find() as string).slice(word.length + 1)) as Record<string, unknown>;
  }

  /** The line that the program printed last. */
  get lastLine(): string {
    return this.#lines.at(-1) ?? "";
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Returns the pids of the program's watcher processes. The program must still run, because an orphan has another parent. */
  async watcherPids(): Promise<readonly number[]> {
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

/** Returns whether a process with this pid is running. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
