import { once } from "node:events";
import { Redis } from "ioredis";
import type { RedisClusterNode } from "testcontainers-redis-cluster";

/** The commands of a transaction. */
export type Commands = readonly (readonly string[])[];

/** A transaction in which the client left state on a server process. */
export interface LateAction {
  readonly runId: string;
  /**
   * Whether the state was certainly left after the reset had cleaned the node and before it verified the node. The statistics of
   * the server, which are read in the same transaction, then contain LASTSAVE, which marks the cleaning, but not ACL LIST, which
   * the verification sends.
   */
  readonly isBeforeVerification: boolean;
}

/** A client that leaves state a given number of times, each time as soon as it has reconnected. */
export class LateClient implements Disposable {
  readonly actions: LateAction[] = [];
  readonly #client: Redis;
  readonly #commands: Commands;
  #remaining: number;
  #pending: Promise<unknown> = Promise.resolve();

  private constructor(client: Redis, commands: Commands, times: number) {
    this.#client = client;
    this.#commands = commands;
    this.#remaining = times;
  }

  static async connect(node: RedisClusterNode, commands: Commands, times: number): Promise<LateClient> {
    const client = new Redis({
      ...node.mappedAddress,
      retryStrategy: () => 1,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      disableClientInfo: true,
      maxRetriesPerRequest: 0,
    });
    client.on("error", () => {});
    await once(client, "ready");
    const late = new LateClient(client, commands, times);
    client.on("ready", () => {
      if (late.#remaining === 0) return;
      late.#remaining -= 1;
      late.#pending = late.#act().catch(() => {});
    });
    return late;
  }

  async #act(): Promise<void> {
    const transaction = [["INFO", "commandstats"], ["INFO", "server"], ...this.#commands];
    const pipeline = this.#client.multi(transaction.map(([name = "", ...args]) => ["call", name, ...args]));
    const replies = (await pipeline.exec()) ?? [];
    const [[, statistics] = [], [, server] = []] = replies;
    if (replies.length < transaction.length || replies.some(([error]) => error !== null)) return;
    this.actions.push({
      runId: parseRunId(String(server)),
      isBeforeVerification:
        /^cmdstat_lastsave:/m.test(String(statistics)) && !/^cmdstat_acl\|list:/m.test(String(statistics)),
    });
  }

  /** Closes the connection after the last reply has arrived. */
  async end(): Promise<void> {
    this.#remaining = 0;
    await this.#pending;
    this.#client.disconnect();
  }

  [Symbol.dispose](): void {
    this.#client.disconnect();
  }
}

/** Returns the run id of the current server process of a node. */
export async function readRunId({ client }: RedisClusterNode): Promise<string> {
  return parseRunId(await client.info("server"));
}

function parseRunId(info: string): string {
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
}
