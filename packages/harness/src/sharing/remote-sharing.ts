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

/** A request without its token. */
type RequestBody<T = LeaseRequest> = T extends LeaseRequest ? Omit<T, "token"> : never;

/** Shares a cluster that another process started, by requests to that process. */
export class RemoteSharing implements Sharing {
  readonly clusterOutlivesHandle = true;
  readonly #shared: SharedCluster;
  /** Requested once, because the seed never changes. */
  #seed: { readonly data: SeedData | undefined } | undefined;

  constructor(shared: SharedCluster) {
    this.#shared = shared;
  }

  async baseline(signal: AbortSignal): Promise<Baseline> {
    const baseline = decodeBaseline(await this.#request({ ask: "baseline" }, signal));
    if (this.#seed === undefined) {
      const text = await this.#request({ ask: "seed" }, signal);
      this.#seed = { data: text === "" ? undefined : decodeSeed(text) };
    }
    return { ...baseline, seed: this.#seed.data };
  }

  async keepBaseline(baseline: Baseline, signal: AbortSignal): Promise<void> {
    await this.#request({ ask: "keep", baseline: encodeBaseline(baseline) }, signal);
  }

  async networkFaults(signal: AbortSignal): Promise<NetworkFaults> {
    const line = await this.#request({ ask: "faults" }, signal);
    return new Map(JSON.parse(line) as readonly (readonly [string, readonly string[]])[]);
  }

  async recordNetworkFault(id: string, nodes: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#request({ ask: "note", fault: id, nodes }, signal);
  }

  async forgetNetworkFaults(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (ids.length > 0) await this.#request({ ask: "forget", faults: ids }, signal);
  }

  async lease(signal: AbortSignal): Promise<() => void> {
    const sending = this.#send({ ask: "lease" }, signal);
    try {
      const { socket } = await abortable(sending, signal);
      // The connection holds the lease, but must not keep the process alive.
      socket.unref();
      return () => socket.destroy();
    } catch (error) {
      // The lease may be granted at the moment at which the signal aborts.
      sending.then(
        ({ socket }) => socket.destroy(),
        () => {},
      );
      throw error;
    }
  }

  share(): Promise<SharedCluster> {
    return Promise.resolve(this.#shared);
  }

  async #request(request: RequestBody, signal: AbortSignal): Promise<string> {
    const { line, socket } = await this.#send(request, signal);
    socket.destroy();
    return line;
  }

  /** Sends a request, and returns the line of the answer with the connection. */
  async #send(
    request: RequestBody,
    signal: AbortSignal,
  ): Promise<{ readonly line: string; readonly socket: Socket }> {
    signal.throwIfAborted();
    const { port, token } = this.#shared.lease;
    const socket = connect({ host: "127.0.0.1", port });
    const answer = readLine(socket);
    const onAbort = (): void => {
      socket.destroy();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.write(`${JSON.stringify({ ...request, token })}\n`);
    try {
      return { line: await answer, socket };
    } catch (cause) {
      socket.destroy();
      signal.throwIfAborted();
      throw new RedisClusterError(
        "CLUSTER_STOPPED",
        `Cannot reach ${this.#shared.redisCluster}: the process that started it no longer answers.`,
        { cause },
      );
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
