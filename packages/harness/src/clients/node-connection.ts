import type { Redis } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, commandName } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { openNodeClient } from "./node-client.ts";
import { whenReady } from "./when-ready.ts";

/**
 * How soon a closed connection is tried again. A node that boots is ready some milliseconds after its port opens; one
 * that has been dead for a second is not worth a processor's time.
 */
const reconnectMs = (times: number): number => (times < 200 ? 5 : 50);
/** A node that sends nothing for this long, times the time scale, while an answer is expected counts as silent. */
const ANSWER_LIMIT_MS = 2_000;
/** How many bytes a node has to take in a millisecond: the limit is longer for larger commands. */
const TAKEN_BYTES_PER_MS = 1_000;

/** A command and its arguments. */
export type NodeCommand = readonly [string, ...(string | number | Buffer)[]];

/**
 * The harness's own connection to one node. It fails at once where a user's client would wait: no queue while the node
 * is away, no retries, a short time limit for each command. All its limits are measured in real time.
 */
export class NodeConnection {
  readonly node: NodePlan;
  readonly #client: Redis;
  readonly #access: Access;
  readonly #limitMs: number;
  #lastError: Error | undefined;

  /** @param timeScale multiplies the time limits of connecting and of each command. */
  constructor(node: NodePlan, addresses: AddressTable, access: Access, timeScale: number) {
    this.node = node;
    this.#access = access;
    this.#limitMs = ANSWER_LIMIT_MS * timeScale;
    this.#client = openNodeClient(node, addresses, {
      ...accessOptions(access),
      retryStrategy: reconnectMs,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      // A socket's own timeout, which fake timers do not reach. ioredis' `commandTimeout` would be one of the others.
      connectTimeout: this.#limitMs,
      disableClientInfo: true,
    });
    this.#client.on("error", (error: Error) => {
      this.#lastError = error;
    });
    this.#limitHandshake();
  }

  /** Starts over where a node accepts a connection and does not answer the commands that ioredis begins with. */
  #limitHandshake(): void {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => clearTimeout(timer);
    this.#client.on("connect", () => {
      stop();
      timer = setTimeout(() => {
        if (this.#client.status === "connect") this.#client.disconnect(true);
      }, this.#limitMs);
    });
    this.#client.on("ready", stop);
    this.#client.on("close", stop);
  }

  /** Where the node is looked for and why that fails, as `127.0.0.1:32768 (connect ECONNREFUSED …)`; undefined while connected. */
  get unreachableAt(): string | undefined {
    const { status, options } = this.#client;
    if (status === "ready") return undefined;
    const why = this.#lastError === undefined ? "" : ` (${this.#lastError.message})`;
    return `${options.host}:${options.port}${why}`;
  }

  /** Resolves when the node has accepted a connection. Rejects when the signal is aborted or the connection is closed. */
  ready(signal: AbortSignal): Promise<void> {
    return whenReady(this.#client, signal);
  }

  /** Sends one command and gives its reply as ioredis reads it. */
  async reply(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return await this.#inTime(this.#client.call(commandName(this.#access, command), ...args));
  }

  /** Sends one command and gives its reply as text. */
  async text(command: string, ...args: readonly (string | number)[]): Promise<string> {
    return String(await this.reply(command, ...args));
  }

  /** Sends commands in one go and gives each reply as ioredis reads it, or the error that came in its place. */
  async outcomes(commands: readonly NodeCommand[]): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [command, ...args] of commands) pipeline.call(commandName(this.#access, command), ...args);
    try {
      const replies = await this.#inTime(pipeline.exec());
      return (replies ?? []).map(([error, reply]) => error ?? reply);
    } catch (error) {
      if (error instanceof NoAnswer) return commands.map(() => error);
      throw error;
    }
  }

  /**
   * As {@link outcomes}, with each text in the replies as the bytes that the server sent. If there is no answer, it rejects.
   *
   * @param limit `unlimited` for commands that may rightly take long: only the end of the connection rejects then.
   */
  async bytes(
    commands: readonly NodeCommand[],
    limit: "limited" | "unlimited" = "limited",
  ): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [command, ...args] of commands)
      pipeline.callBuffer(commandName(this.#access, command), ...args);
    const answer = pipeline.exec();
    const sent = commands.reduce((sum, command) => sum + commandBytes(command), 0);
    const replies = limit === "unlimited" ? await answer : await this.#inTime(answer, sent);
    return (replies ?? []).map(([error, reply]) => error ?? reply);
  }

  /** Sends commands in one go and gives all replies; the first error reply is thrown. */
  async replies(commands: readonly NodeCommand[]): Promise<readonly unknown[]> {
    const outcomes = await this.outcomes(commands);
    const error = outcomes.find((outcome) => outcome instanceof Error);
    if (error !== undefined) throw error;
    return outcomes;
  }

  /** As {@link replies}, each as text. */
  async texts(commands: readonly NodeCommand[]): Promise<readonly string[]> {
    return (await this.replies(commands)).map(String);
  }

  close(): void {
    this.#client.disconnect();
  }

  /** @param sent bytes of the commands. */
  async #inTime<T>(answer: Promise<T>, sent = 0): Promise<T> {
    // When the time is up, a rejection that comes later must not end the process.
    answer.catch(() => {});
    const limitMs = this.#limitMs + Math.floor(sent / TAKEN_BYTES_PER_MS);
    const { promise: late, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const wait = (received: number): void => {
      timer = setTimeout(() => {
        // A node that is sending a large answer is not silent.
        const now = this.#received;
        if (now === received) reject(new NoAnswer(this.node.name, limitMs));
        else wait(now);
      }, limitMs);
    };
    wait(this.#received);
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Bytes that the present connection has received. */
  get #received(): number {
    // ioredis has no stream before it connects.
    const stream: { readonly bytesRead?: number } | undefined = this.#client.stream;
    return stream?.bytesRead ?? 0;
  }
}

/** Returns about how many bytes a command has. */
export function commandBytes(command: NodeCommand): number {
  return command.reduce<number>((sum, word) => sum + (typeof word === "number" ? 1 : word.length), 0);
}

class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  constructor(node: string, limitMs: number) {
    super(`${node} did not answer within ${limitMs} ms`);
  }
}
