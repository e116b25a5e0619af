import { connect, type Socket } from "node:net";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import type { Baseline } from "../reset/baseline.ts";
import { decodeSeed, type SeedData } from "../seed/dataset.ts";
import { readLine } from "./read-line.ts";
import type { LeaseRequest } from "./lease-server.ts";
import { decodeBaseline, encodeBaseline, type SharedCluster } from "./shared-cluster.ts";
import type { NetworkFaults } from "../reset/shared-state.ts";
import type { Sharing } from "./sharing.ts";

type Question<T = LeaseRequest> = T extends LeaseRequest ? Omit<T, "token"> : never;

/** In a process that was given the cluster by another one, which it asks. */
export class RemoteSharing implements Sharing {
  readonly outlivesHandle = true;
  readonly #shared: SharedCluster;
  /** Read once: it never changes. */
  #seed: { readonly data: SeedData | undefined } | undefined;

  constructor(shared: SharedCluster) {
    this.#shared = shared;
  }

  async baseline(signal: AbortSignal): Promise<Baseline> {
    const baseline = decodeBaseline(await this.#line({ ask: "baseline" }, signal));
    if (this.#seed === undefined) {
      const text = await this.#line({ ask: "seed" }, signal);
      this.#seed = { data: text === "" ? undefined : decodeSeed(text) };
    }
    return { ...baseline, seed: this.#seed.data };
  }

  async keepBaseline(baseline: Baseline, signal: AbortSignal): Promise<void> {
    await this.#line({ ask: "keep", baseline: encodeBaseline(baseline) }, signal);
  }

  async networkFaults(signal: AbortSignal): Promise<NetworkFaults> {
    const line = await this.#line({ ask: "faults" }, signal);
    return new Map(JSON.parse(line) as readonly (readonly [string, readonly string[]])[]);
  }

  async recordNetworkFault(id: string, nodes: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#line({ ask: "note", fault: id, nodes }, signal);
  }

  async forgetNetworkFaults(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (ids.length > 0) await this.#line({ ask: "forget", faults: ids }, signal);
  }

  async lease(signal: AbortSignal): Promise<() => void> {
    const asking = this.#ask({ ask: "lease" }, signal);
    try {
      const { socket } = await abortable(asking, signal);
      // Held by the connection, which must not hold the process.
      socket.unref();
      return () => socket.destroy();
    } catch (error) {
      // The lease may be granted at the moment at which the caller stops waiting.
      asking.then(
        ({ socket }) => socket.destroy(),
        () => {},
      );
      throw error;
    }
  }

  share(): Promise<SharedCluster> {
    return Promise.resolve(this.#shared);
  }

  async #line(question: Question, signal: AbortSignal): Promise<string> {
    const { line, socket } = await this.#ask(question, signal);
    socket.destroy();
    return line;
  }

  /** Sends one question, and gives the line that comes back with the connection that it came by. */
  async #ask(
    question: Question,
    signal: AbortSignal,
  ): Promise<{ readonly line: string; readonly socket: Socket }> {
    signal.throwIfAborted();
    const { port, token } = this.#shared.lease;
    const socket = connect({ host: "127.0.0.1", port });
    const answer = readLine(socket);
    const giveUp = (): void => {
      socket.destroy();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.write(`${JSON.stringify({ ...question, token })}\n`);
    try {
      return { line: await answer, socket };
    } catch (cause) {
      socket.destroy();
      signal.throwIfAborted();
      throw new RedisClusterError(
        "CLUSTER_STOPPED",
        `${this.#shared.redisCluster} cannot be reached: the process that started it does not answer any more.`,
        { cause },
      );
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }
}
