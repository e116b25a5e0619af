import type { ClusterContext } from "../cluster/cluster-context.ts";
import { findNode } from "../cluster/find-node.ts";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import { summarize } from "../errors.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { keySlot } from "../plan/slots.ts";
import { type ClusterCheck, checkView } from "../view/cluster-check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { replicasOfShard, slotOwners, findServingNode } from "../view/slot-owners.ts";
import { holdsSlot } from "../view/slot-ranges.ts";
import type { ClusterQueries } from "./cluster-queries.ts";
import type { FailoverProspects } from "./failover-prospects.ts";
import { readView } from "./read-views.ts";

/** Answers the queries of a handle from the current views of the nodes. */
export class ClusterReader implements ClusterQueries {
  readonly nodes: readonly RedisClusterNode[];
  readonly #context: ClusterContext;
  readonly #prospects: FailoverProspects;

  constructor(context: ClusterContext, prospects: FailoverProspects) {
    this.nodes = context.nodes.map(({ handle }) => handle);
    this.#context = context;
    this.#prospects = prospects;
  }

  node(name: string): RedisClusterNode {
    return findNode(this.#context.nodes, name).handle;
  }

  async view(options: WaitOptions = {}): Promise<ClusterView> {
    return await this.#project(options, (view) => view);
  }

  async check(options: WaitOptions = {}): Promise<ClusterCheck> {
    return await this.#project(options, checkView);
  }

  async primaries(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#project(options, ({ views }) =>
      this.#named(slotOwners(views).map(({ node }) => node)),
    );
  }

  async replicas(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#project(options, ({ views }) => this.#named(replicasOfShard(views, undefined)));
  }

  async waitUntilHealthy(options: WaitOptions = {}): Promise<void> {
    await this.#context.calls.waitFor("Waiting for a healthy cluster", options, async () => {
      const view = await readView(this.#context);
      const { ok, problems } = checkView(view);
      if (ok) return;
      await this.#prospects.requireFailoverPossible(view);
      throw new Error(summarize(problems));
    });
  }

  async primaryOf(key: string, options: WaitOptions = {}): Promise<RedisClusterNode> {
    return await this.#context.calls.waitFor(waitingForPrimary(key), options, async () => {
      const view = await readView(this.#context);
      const { node, reason } = findServingNode(view.views, keySlot(key));
      if (node !== undefined) return this.node(node);
      await this.#prospects.requireFailoverPossible(view);
      throw new Error(reason);
    });
  }

  async replicasOf(key: string, options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#context.calls.waitFor(waitingForPrimary(key), options, async () => {
      const { id } = await this.currentOwner(key);
      return this.#named(replicasOfShard((await readView(this.#context)).views, id));
    });
  }

  /**
   * Returns the node that owns the slot of a key now, whether or not it executes commands. For calls that have a deadline.
   *
   * @throws Error with the reason if no node owns the slot.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE if the owner failed and cannot be replaced.
   */
  async currentOwner(key: string): Promise<RedisClusterNode> {
    const slot = keySlot(key);
    const view = await readView(this.#context);
    const owner = slotOwners(view.views).find(({ slots }) => holdsSlot(slots, slot));
    if (owner !== undefined) return this.node(owner.node);
    await this.#prospects.requireFailoverPossible(view);
    throw new Error(`no node that answers owns slot ${slot}`);
  }

  /** Reads the views once, and returns a projection of them. */
  async #project<T>(options: WaitOptions, projection: (view: ClusterView) => T): Promise<T> {
    const { calls } = this.#context;
    return projection(await calls.query("Querying all nodes", options, () => readView(this.#context)));
  }

  #named(names: readonly string[]): readonly RedisClusterNode[] {
    return this.nodes.filter(({ name }) => names.includes(name));
  }
}

function waitingForPrimary(key: string): string {
  return `Waiting for a primary of ${JSON.stringify(key)}`;
}
