import type { ClusterContext } from "../cluster/cluster-context.ts";
import { findNode } from "../cluster/find-node.ts";
import { RedisClusterError } from "../errors.ts";
import { explainNoFailover } from "../view/automatic-failover.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { type FailedForGood, findFailedForGood } from "./failed-for-good.ts";
import { readView } from "./read-views.ts";
import type { Repairs } from "./repairs.ts";

/** Container states in which the node runs, or is about to. */
const ALIVE: ReadonlySet<string> = new Set(["running", "restarting"]);

/** Decides whether waiting for a promotion can succeed. */
export class FailoverProspects {
  readonly #context: ClusterContext;
  readonly #repairs: Repairs;
  readonly #cutOff: () => readonly string[];

  /** @param cutOff returns the names of the nodes that faults of this handle cut off from most other nodes. */
  constructor(context: ClusterContext, repairs: Repairs, cutOff: () => readonly string[]) {
    this.#context = context;
    this.#repairs = repairs;
    this.#cutOff = cutOff;
  }

  /**
   * Rejects if a promotion cannot happen: a primary has failed, the cluster has too few primaries to replace it, and no call of
   * this handle may bring it back.
   *
   * @param seen a recent view, which may be outdated. By default all nodes are asked.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE
   */
  async requireFailoverPossible(seen?: ClusterView): Promise<void> {
    const { started } = this.#repairs;
    if (this.#repairs.running > 0) return;
    const read = (): Promise<ClusterView> => readView(this.#context);
    if ((await this.#find(seen ?? (await read()))) === undefined) return;
    const hopeless = await this.#find(await read());
    if (hopeless === undefined || this.#repairs.started !== started) return;
    const { electorate, failed } = hopeless;
    throw new RedisClusterError("FAILOVER_IMPOSSIBLE", explainNoFailover(failed, electorate), {
      details: { ...electorate, failed },
    });
  }

  /** Returns the names of the primaries that have failed in a cluster with too few primaries to replace them. */
  async failedForGood(view: ClusterView): Promise<readonly string[]> {
    return (await this.#find(view))?.failed ?? [];
  }

  async #find({ views }: ClusterView): Promise<FailedForGood | undefined> {
    const { plan, nodes } = this.#context;
    return await findFailedForGood(plan, views, this.#cutOff(), async (name) => {
      // If the engine does not answer, the node is not known to be down.
      const state = await findNode(nodes, name)
        .handle.state()
        .catch(() => undefined);
      return state !== undefined && !ALIVE.has(state.status);
    });
  }
}
