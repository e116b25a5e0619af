import { once } from "node:events";
import { Redis } from "ioredis";
import type { RedisClusterNode } from "testcontainers-redis-cluster";

/** Commands of a transaction. */
export type Commands = readonly (readonly string[])[];

/** The state was left on a process. */
export interface Act {
  readonly runId: string;
  /**
   * It was certainly left between a cleaning and the proof of it: the server's statistics, read in the same transaction, had
   * the mark of the cleaning, and no question for the users, which the proof asks.
   */
  readonly beforeProof: boolean;
}

/** A client that leaves state a few times, each time as soon as it is connected again. */
export class LateClient implements Disposable {
  readonly acts: Act[] = [];
  readonly #client: Redis;
  readonly #commands: Commands;
  #left: number;
  #acting: Promise<unknown> = Promise.resolve();

  private constructor(client: Redis, commands: Commands, times: number) {
    this.#client = client;
    this.#commands = commands;
    this.#left = times;
  }

  static async to(node: RedisClusterNode, commands: Commands, times: number): Promise<LateClient> {
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
      if (late.#left === 0) return;
      late.#left -= 1;
      late.#acting = late.#act().catch(() => {});
    });
    return late;
  }

  async #act(): Promise<void> {
    const asked = [["INFO", "commandstats"], ["INFO", "server"], ...this.#commands];
    const transaction = this.#client.multi(asked.map(([name = "", ...args]) => ["call", name, ...args]));
    const replies = (await transaction.exec()) ?? [];
    const [[, statistics] = [], [, server] = []] = replies;
    if (replies.length < asked.length || replies.some(([error]) => error !== null)) return;
    this.acts.push({
      runId: runIdIn(String(server)),
      beforeProof:
        /^cmdstat_lastsave:/m.test(String(statistics)) && !/^cmdstat_acl\|list:/m.test(String(statistics)),
    });
  }

  /** Ends it, when it has the answer that it waits for. */
  async end(): Promise<void> {
    this.#left = 0;
    await this.#acting;
    this.#client.disconnect();
  }

  [Symbol.dispose](): void {
    this.#client.disconnect();
  }
}

/** The id of the process that a node runs now. */
export async function runIdOf({ client }: RedisClusterNode): Promise<string> {
  return runIdIn(await client.info("server"));
}

function runIdIn(info: string): string {
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
}
