import { resolve } from "node:path";
import type { Access } from "../clients/access.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Baseline } from "../reset/baseline.ts";
import { encodeSeed, type SeedData } from "../seed/dataset.ts";
import { LeaseQueue } from "./lease-queue.ts";
import { type LeaseState, LeaseServer } from "./lease-server.ts";
import { decodeBaseline, encodeBaseline, type SharedCluster } from "./shared-cluster.ts";
import type { NetworkFaults } from "../reset/shared-state.ts";
import type { Sharing } from "./sharing.ts";

/** Shares a cluster in the process that started it, which answers the requests of the other processes. */
export class LocalSharing implements Sharing, AsyncDisposable {
  readonly clusterOutlivesHandle = false;
  readonly #plan: ClusterPlan;
  readonly #access: Access;
  readonly #networkId: string;
  readonly #evidenceDir: string | undefined;
  readonly #state: LeaseState;
  readonly #seed: SeedData | undefined;
  #server: Promise<LeaseServer> | undefined;

  constructor(
    plan: ClusterPlan,
    access: Access,
    networkId: string,
    evidenceDir: string | undefined,
    baseline: Baseline,
  ) {
    this.#plan = plan;
    this.#access = access;
    this.#networkId = networkId;
    // Another process may have another current directory.
    this.#evidenceDir = evidenceDir === undefined ? undefined : resolve(evidenceDir);
    const { seed } = baseline;
    this.#seed = seed;
    this.#state = {
      queue: new LeaseQueue(),
      networkFaults: new Map(),
      baseline: encodeBaseline(baseline),
      seed: () => (seed === undefined ? "" : encodeSeed(seed)),
    };
  }

  baseline(): Promise<Baseline> {
    return Promise.resolve({ ...decodeBaseline(this.#state.baseline), seed: this.#seed });
  }

  keepBaseline(baseline: Baseline): Promise<void> {
    this.#state.baseline = encodeBaseline(baseline);
    return Promise.resolve();
  }

  networkFaults(): Promise<NetworkFaults> {
    return Promise.resolve(new Map(this.#state.networkFaults));
  }

  recordNetworkFault(id: string, nodes: readonly string[]): Promise<void> {
    this.#state.networkFaults.set(id, nodes);
    return Promise.resolve();
  }

  forgetNetworkFaults(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#state.networkFaults.delete(id);
    return Promise.resolve();
  }

  async lease(signal: AbortSignal): Promise<() => void> {
    return await this.#state.queue.acquire(signal);
  }

  async share(containerIds: readonly string[]): Promise<SharedCluster> {
    this.#server ??= LeaseServer.start(this.#state);
    const { address: lease } = await this.#server;
    return {
      redisCluster: this.#plan.name,
      plan: this.#plan,
      containerIds,
      access: this.#access,
      networkId: this.#networkId,
      evidenceDir: this.#evidenceDir,
      lease,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = await this.#server;
    this.#server = undefined;
    await server?.[Symbol.asyncDispose]();
  }
}
