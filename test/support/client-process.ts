import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How long a program may take to end. A client that cannot find a node may not return from its last command. */
const END_TIMEOUT_MS = 2_000;
/** The folder of the programs. */
export const PROGRAMS: string = join(import.meta.dirname, "../clients");

/** How the program of a client is started. */
export interface ClientProgram {
  readonly image: string;
  /** The file in test/clients. Its content is passed as an argument, so that the engine may be on another machine. */
  readonly file: string;
  /** The interpreter, and the option that precedes the content of the file. */
  readonly interpreter: readonly [command: string, ...options: string[]];
}

/** What the program reads from its environment, and its network. */
export interface ClientEnvironment {
  /** The name of the Docker network, or `"host"`. */
  readonly network: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** A client of another language, in a container. Disposing of it ends the container. */
export class ClientProcess implements AsyncDisposable {
  readonly version: string;
  readonly #container: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #replies: AsyncIterator<string>;

  private constructor(
    container: string,
    process: ChildProcessWithoutNullStreams,
    replies: AsyncIterator<string>,
    version: string,
  ) {
    this.#container = container;
    this.#process = process;
    this.#replies = replies;
    this.version = version;
  }

  /**
   * Starts the container, and waits until the client has connected.
   *
   * @throws Error with the output of the program if it ends before.
   */
  static async start(program: ClientProgram, environment: ClientEnvironment): Promise<ClientProcess> {
    const source = await readFile(join(PROGRAMS, program.file), "utf8");
    const [command, ...options] = program.interpreter;
    const variables = Object.entries(environment.variables).flatMap(([name, value]) => [
      "--env",
      `${name}=${value}`,
    ]);
    const container = `trc-client-${randomBytes(6).toString("hex")}`;
    const process = spawn("docker", [
      ...["run", "--name", container, "--rm", "--interactive", "--init"],
      ...["--network", environment.network, ...variables],
      ...["--entrypoint", command, program.image, ...options, source],
    ]);
    let errors = "";
    process.stderr.on("data", (chunk) => {
      errors += String(chunk);
    });
    const replies = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const first = await replies.next();
    if (first.done === true) throw new Error(`${program.file} ended: ${errors}`);
    const { version } = JSON.parse(first.value) as { readonly version: string };
    return new ClientProcess(container, process, replies, version);
  }

  /**
   * Executes a command. The program executes one command at a time.
   *
   * @throws Error with the error of the client.
   */
  async execute(...command: readonly string[]): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const { done, value } = await this.#replies.next();
    if (done === true) throw new Error("the program of the client has ended");
    const { reply, error } = JSON.parse(value) as { readonly reply?: unknown; readonly error?: string };
    if (error !== undefined) throw new Error(error);
    return reply;
  }

  /** Replaces the address map of the client, if it can have one. */
  mapAddresses(addressMap: Readonly<Record<string, string>>): void {
    this.#process.stdin.write(`${JSON.stringify(addressMap)}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    const isOver = await Promise.race([ended.then(() => true), sleep(END_TIMEOUT_MS, false)]);
    if (isOver) return;
    await run("docker", ["rm", "--force", this.#container]);
    await ended;
  }
}
