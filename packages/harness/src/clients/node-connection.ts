import type { Redis } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, commandName } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { openNodeClient } from "./node-client.ts";
import { whenReady } from "./when-ready.ts";

/**
 * The delay before a reconnect. It is short at first, because a node that boots is ready some milliseconds after its port opens, and
 * longer after about a second, to save processor time.
 */
const reconnectMs = (times: number): number => (times < 200 ? 5 : 50);
/** The time without any received data after which an expected answer times out. It is multiplied by the time scale. */
const ANSWER_TIMEOUT_MS = 2_000;
/** The minimum number of bytes that a node must accept per millisecond. It extends the timeout of large commands. */
const MIN_BYTES_PER_MS = 1_000;

/** A command and its arguments. */
export type NodeCommand = readonly [string, ...(string | number | Buffer)[]];

/**
 * A connection of the harness to one node. In contrast to a client of the user, it fails immediately instead of waiting: it has no
 * queue while the node is unreachable, no retries, and a short timeout for each command. All timeouts are measured in real time.
 */
export class NodeConnection {
  readonly node: NodePlan;
  readonly #client: Redis;
  readonly #access: Access;
  readonly #timeoutMs: number;
  /** Resolves at the end of the first attempt to connect, whether it succeeds or fails. */
  readonly attempted: Promise<void>;
  #lastError: Error | undefined;
  #wasAccepted = false;

  /** @param timeScale multiplies the timeouts of connecting and of each command. */
  constructor(node: NodePlan, addresses: AddressTable, access: Access, timeScale: number) {
    this.node = node;
    this.#access = access;
    this.#timeoutMs = ANSWER_TIMEOUT_MS * timeScale;
    this.#client = openNodeClient(node, addresses, {
      ...accessOptions(access),
      retryStrategy: reconnectMs,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      // This is a timeout of the socket, which fake timers do not affect. They would affect `commandTimeout` of ioredis.
      connectTimeout: this.#timeoutMs,
      disableClientInfo: true,
    });
    this.#client.on("error", (error: Error) => {
      this.#lastError = error;
    });
    this.#client.once("connect", () => {
      this.#wasAccepted = true;
    });
    this.attempted = new Promise((resolve) => {
      this.#client.once("ready", resolve);
      this.#client.once("close", resolve);
    });
    this.#timeOutHandshake();
  }

  /** Reconnects if a node accepts a connection but does not answer the first commands of ioredis. */
  #timeOutHandshake(): void {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => clearTimeout(timer);
    this.#client.on("connect", () => {
      stop();
      timer = setTimeout(() => {
        if (this.#client.status === "connect") this.#client.disconnect(true);
      }, this.#timeoutMs);
    });
    this.#client.on("ready", stop);
    this.#client.on("close", stop);
  }

  /** The address and the last error, such as `127.0.0.1:32768 (connect ECONNREFUSED …)`; undefined while connected. */
  get unreachableAt(): string | undefined {
    const { status, options } = this.#client;
    if (status === "ready") return undefined;
    const reason = this.#lastError === undefined ? "" : ` (${this.#lastError.message})`;
    return `${options.host}:${options.port}${reason}`;
  }

  /** Whether the node, or a proxy in front of it, has ever accepted a connection. It may not have answered yet. */
  get wasAccepted(): boolean {
    return this.#wasAccepted;
  }

  /** Resolves when the node has accepted a connection. Rejects if the signal is aborted or the connection is closed. */
  ready(signal: AbortSignal): Promise<void> {
    return whenReady(this.#client, signal);
  }

  /** Resolves the next time that the node resets a connection. */
  async nextReset(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === "ECONNRESET") resolve();
    };
    this.#client.on("error", onError);
    await promise;
    this.#client.off("error", onError);
  }

  /** Sends one command and returns its reply as ioredis decodes it. */
  async reply(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return await this.#withTimeout(this.#client.call(commandName(this.#access, command), ...args));
  }

  /** Sends one command and returns its reply as text. */
  async text(command: string, ...args: readonly (string | number)[]): Promise<string> {
    return String(await this.reply(command, ...args));
  }

  /**
   * Sends commands in one pipeline. Returns for each command the reply as ioredis decodes it, or the error. After a timeout, every
   * result is the timeout error.
   */
  async outcomes(commands: readonly NodeCommand[]): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [command, ...args] of commands) pipeline.call(commandName(this.#access, command), ...args);
    try {
      const replies = await this.#withTimeout(pipeline.exec());
      return (replies ?? []).map(([error, reply]) => error ?? reply);
    } catch (error) {
      if (error instanceof AnswerTimeoutError) return commands.map(() => error);
      throw error;
    }
  }

  /**
   * Sends commands in one pipeline. Returns for each command the reply with buffers instead of text, or the error. Rejects after a
   * timeout.
   *
   * @param time `unlimited` for commands that may take a long time. There is no timeout then, and the end of the connection is
   * returned as the error of each command.
   */
  async bytes(
    commands: readonly NodeCommand[],
    time: "limited" | "unlimited" = "limited",
  ): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [command, ...args] of commands)
      pipeline.callBuffer(commandName(this.#access, command), ...args);
    const answer = pipeline.exec();
    const sent = commands.reduce((sum, command) => sum + commandBytes(command), 0);
    const replies = time === "unlimited" ? await answer : await this.#withTimeout(answer, sent);
    return (replies ?? []).map(([error, reply]) => error ?? reply);
  }

  /** Sends commands in one pipeline and returns all replies. If there are error replies, throws the first one. */
  async replies(commands: readonly NodeCommand[]): Promise<readonly unknown[]> {
    const outcomes = await this.outcomes(commands);
    const error = outcomes.find((outcome) => outcome instanceof Error);
    if (error !== undefined) throw error;
    return outcomes;
  }

  /** Does what {@link replies} does, and returns each reply as text. */
  async texts(commands: readonly NodeCommand[]): Promise<readonly string[]> {
    return (await this.replies(commands)).map(String);
  }

  close(): void {
    this.#client.disconnect();
  }

  /** @param sent the size of the commands in bytes. */
  async #withTimeout<T>(answer: Promise<T>, sent = 0): Promise<T> {
    // After the timeout, a rejection of the answer would be unhandled, and must not end the process.
    answer.catch(() => {});
    const timeoutMs = this.#timeoutMs + Math.floor(sent / MIN_BYTES_PER_MS);
    const { promise: timedOut, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const wait = (received: number): void => {
      timer = setTimeout(() => {
        // A node that is still sending a large answer has not timed out.
        const now = this.#received;
        if (now === received) reject(new AnswerTimeoutError(this.node.name, timeoutMs));
        else wait(now);
      }, timeoutMs);
    };
    wait(this.#received);
    try {
      return await Promise.race([answer, timedOut]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The number of bytes that the current connection has received. */
  get #received(): number {
    // ioredis has no stream before it connects.
    const stream: { readonly bytesRead?: number } | undefined = this.#client.stream;
    return stream?.bytesRead ?? 0;
  }
}

/** Estimates the size of a command in bytes. */
export function commandBytes(command: NodeCommand): number {
  return command.reduce<number>((sum, word) => sum + (typeof word === "number" ? 1 : word.length), 0);
}

class AnswerTimeoutError extends Error {
  override readonly name = "AnswerTimeoutError";
  constructor(node: string, timeoutMs: number) {
    super(`${node} did not answer within ${timeoutMs} ms`);
  }
}
