import { Redis, type RedisOptions } from "ioredis";
import type { HostAndPort, NodePlan } from "../plan/cluster-plan.ts";
import { type Access, accessOptions, commandName, DISCONNECT_TIMEOUT_MS } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { whenReady } from "./when-ready.ts";

/**
 * How soon a closed connection is tried again. A node that boots is ready some milliseconds after its port opens; one
 * that has been dead for a second is not worth a processor's time.
 */
const reconnectMs = (times: number): number => (times < 200 ? 5 : 50);
/** A node that accepts a command and says nothing for so long counts as silent. */
const COMMAND_TIMEOUT_MS = 2_000;

/** The options of an ioredis `Redis`, less `replyMapping`, which changes the types of all replies. */
export type NodeClientOptions = Omit<RedisOptions, "replyMapping">;

/**
 * An ioredis client to one node that looks the node's mapped address up again before each connection attempt, so
 * that it finds the node after a restart, and that leaves an address which is not the node's any more: another node may
 * answer there.
 */
export function openNodeClient(
  node: NodePlan,
  addresses: AddressTable,
  options: NodeClientOptions & { readonly reconnectMs?: (times: number) => number },
): Redis {
  const { reconnectMs: wait = () => 100, ...rest } = options;
  const all: NodeClientOptions = {
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    ...rest,
    ...addressOf(node, addresses),
    retryStrategy: (times) => {
      // ioredis' connector reads host and port from this same object at each attempt.
      Object.assign(client.options, addressOf(node, addresses));
      return wait(times);
    },
  };
  const client: Redis = new Redis(all);
  leaveOldAddresses(client, node, addresses);
  // A node that was killed on purpose is no news, and without a listener ioredis prints every refused connection.
  client.on("error", () => {});
  return client;
}

/** Connects a client anew when its node has another address, for as long as it is not disconnected for good. */
function leaveOldAddresses(client: Redis, node: NodePlan, addresses: AddressTable): void {
  const forget = addresses.onChange(node, () => {
    const { host, port } = addressOf(node, addresses);
    const connected = ["connecting", "connect", "ready"].includes(client.status);
    if (connected && (client.options.host !== host || client.options.port !== port)) client.disconnect(true);
  });
  // ioredis 6.0 tells no "end" where a client is disconnected between two attempts to connect.
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect) forget();
    disconnect(reconnect);
  };
}

/** While a node has no mapped address nobody but itself answers at its network address. */
function addressOf(node: NodePlan, addresses: AddressTable): HostAndPort {
  return addresses.get(node) ?? { host: node.address, port: node.port };
}

/** A command and its arguments. */
export type NodeCommand = readonly [string, ...(string | number)[]];

/**
 * The harness's own line to one node. It fails at once where a user's client would wait: no queue while the node
 * is away, no retries, a short time limit for each command.
 */
export class NodeConnection {
  readonly node: NodePlan;
  readonly #client: Redis;
  readonly #access: Access;
  #lastError: Error | undefined;

  constructor(node: NodePlan, addresses: AddressTable, access: Access) {
    this.node = node;
    this.#access = access;
    this.#client = openNodeClient(node, addresses, {
      ...accessOptions(access),
      reconnectMs,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      disableClientInfo: true,
    });
    this.#client.on("error", (error: Error) => {
      this.#lastError = error;
    });
  }

  /** Where the node is looked for and why that fails, as `127.0.0.1:32768 (connect ECONNREFUSED …)`; undefined while connected. */
  get unreachableAt(): string | undefined {
    const { status, options } = this.#client;
    if (status === "ready") return undefined;
    const why = this.#lastError === undefined ? "" : ` (${this.#lastError.message})`;
    return `${options.host}:${options.port}${why}`;
  }

  /** Resolves when the node has accepted a connection. Rejects only when the signal is aborted. */
  ready(signal: AbortSignal): Promise<void> {
    return whenReady(this.#client, signal);
  }

  /** Sends one command and gives its reply as ioredis reads it. */
  async reply(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return await this.#client.call(commandName(this.#access, command), ...args);
  }

  /** Sends one command and gives its reply as text. */
  async text(command: string, ...args: readonly (string | number)[]): Promise<string> {
    return String(await this.reply(command, ...args));
  }

  /** Sends commands in one go and gives each reply as ioredis reads it, or the error that came in its place. */
  async outcomes(commands: readonly NodeCommand[]): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [command, ...args] of commands) pipeline.call(commandName(this.#access, command), ...args);
    return ((await pipeline.exec()) ?? []).map(([error, reply]) => error ?? reply);
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
}
