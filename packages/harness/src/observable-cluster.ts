import type { Access } from "./clients/access.ts";
import type { AddressTable } from "./clients/address-table.ts";
import type { NodeConnection } from "./clients/node-connection.ts";
import type { Engine } from "./docker/engine.ts";
import type { NodeContainer } from "./docker/node-container.ts";
import { RedisClusterError, summarize } from "./errors.ts";
import type { LateFaults } from "./faults/late-faults.ts";
import { poll } from "./lifecycle/poll.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import { type FailedForGood, findFailedForGood } from "./observation/failed-for-good.ts";
import { readClusterView } from "./observation/read-views.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";
import { keySlot } from "./plan/slots.ts";
import { RecordedCluster } from "./recorded-cluster.ts";
import { RedisClusterNode } from "./redis-cluster-node.ts";
import { explainNoFailover } from "./view/automatic-failover.ts";
import { type ClusterCheck, checkView } from "./view/check.ts";
import type { ClusterView } from "./view/cluster-view.ts";
import { replicasOfShard, slotOwners, whoServes } from "./view/serving.ts";
import { holdsSlot } from "./view/slot-ranges.ts";

/** States of a container that runs, or is about to. */
const ALIVE: ReadonlySet<string> = new Set(["running", "restarting"]);

/** What looking at a cluster needs. */
export interface ObservableParts {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
  readonly containers: readonly NodeContainer[];
  readonly connections: readonly NodeConnection[];
  readonly lateFaults: LateFaults;
  /** Where failures write their evidence; undefined: nowhere. */
  readonly evidenceDir: string | undefined;
}

/**
 * The part of a started cluster that looks and waits, and changes nothing. Every call of a cluster throws
 * RedisClusterError CLUSTER_STOPPED after `stop()`, WAIT_TIMEOUT when its time is over, and WAIT_ABORTED when its signal
 * is aborted; what it throws besides stands beside it.
 */
export class ObservableCluster extends RecordedCluster {
  /** All nodes, in the order of their names. */
  readonly nodes: readonly RedisClusterNode[];
  /** How many calls that may bring a primary back are running, and how many were started so far. */
  readonly #repairs = { running: 0, started: 0 };
  readonly #connections: readonly NodeConnection[];

  constructor(parts: ObservableParts) {
    super(parts);
    this.#connections = parts.connections;
    this.nodes = parts.plan.nodes.map(
      (node, index) =>
        new RedisClusterNode(
          node,
          parts.access,
          parts.containers[index] as NodeContainer,
          parts.addresses,
          this.calls.waitDefaults,
        ),
    );
  }

  /** The node of that name. @throws RedisClusterError UNKNOWN_NODE */
  node(name: string): RedisClusterNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) {
      throw new RedisClusterError(
        "UNKNOWN_NODE",
        `Unknown node: expected ${this.nodes.length === 1 ? "node-0, the only one" : `one of node-0 to node-${this.nodes.length - 1}`}, got ${JSON.stringify(name)}.`,
        { details: { name } },
      );
    }
    return node;
  }

  /**
   * Every node's view of the cluster at this moment, and what they disagree in. A node that does not
   * answer within two seconds, times the time scale, counts as silent.
   *
   * @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async view(options: WaitOptions = {}): Promise<ClusterView> {
    return await this.#asked(options, (view) => view);
  }

  /**
   * What `redis-cli --cluster check` checks, as data. Never throws over a sick cluster: it describes it.
   *
   * @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async check(options: WaitOptions = {}): Promise<ClusterCheck> {
    return await this.#asked(options, checkView);
  }

  /**
   * Waits until every node agrees with every other and nothing is wrong.
   *
   * @throws RedisClusterError WAIT_TIMEOUT with what is still wrong; FAILOVER_IMPOSSIBLE at once if a primary failed and
   * the cluster has too few primaries to replace it; WAIT_ABORTED; CLUSTER_STOPPED, also when the cluster is stopped
   * meanwhile.
   */
  async waitUntilHealthy(options: WaitOptions = {}): Promise<void> {
    await this.calls.waitFor("Waiting for a healthy cluster", options, async () => {
      const view = await this.look();
      const { ok, problems } = checkView(view);
      if (ok) return;
      await this.refuseHopeless(view);
      throw new Error(summarize(problems));
    });
  }

  /**
   * Waits until a node executes commands for a key, and returns that node: it owns the key's slot in its own view with
   * the newest config epoch, and its `cluster_state` is `ok`. A node that does not answer never counts, whatever the
   * other nodes report of it. A promoted node owns its slots some time before it executes commands for them; with
   * `cluster-require-full-coverage`, which is Redis' default, no node executes any while slots of another shard have no
   * live owner. {@link select} finds the owner of a slot in that case as well.
   *
   * @throws RedisClusterError WAIT_TIMEOUT with the slot, its owner, and why the owner refuses commands;
   * FAILOVER_IMPOSSIBLE at once if the primary failed and the cluster has too few primaries to replace it; WAIT_ABORTED;
   * CLUSTER_STOPPED, also if the cluster is stopped meanwhile.
   */
  async primaryOf(key: string, options: WaitOptions = {}): Promise<RedisClusterNode> {
    return await this.calls.waitFor(`Waiting for a primary of ${JSON.stringify(key)}`, options, async () => {
      const view = await this.look();
      const { node, reason } = whoServes(view.views, keySlot(key));
      if (node === undefined) {
        await this.refuseHopeless(view);
        throw new Error(reason);
      }
      return this.node(node);
    });
  }

  /** The node that owns the slot of a key at this moment, whether or not it executes commands. For use in a call that has a deadline. */
  protected async ownerNow(key: string): Promise<RedisClusterNode> {
    const slot = keySlot(key);
    const view = await this.look();
    const owner = slotOwners(view.views).find(({ slots }) => holdsSlot(slots, slot));
    if (owner !== undefined) return this.node(owner.node);
    await this.refuseHopeless(view);
    throw new Error(`no node that answers owns slot ${slot}`);
  }

  /** Does something that may bring a primary back: it is not hopeless to wait for one meanwhile. */
  protected async repairing<T>(act: () => Promise<T>): Promise<T> {
    this.#repairs.running += 1;
    this.#repairs.started += 1;
    try {
      return await act();
    } finally {
      this.#repairs.running -= 1;
    }
  }

  /**
   * Refuses to wait for a promotion that cannot happen: a primary has failed, the cluster has too few to replace it, and
   * nothing that this handle is doing may bring it back.
   *
   * @param seen what was seen last, which may be outdated; by default every node is asked.
   * @throws RedisClusterError FAILOVER_IMPOSSIBLE
   */
  protected async refuseHopeless(seen?: ClusterView): Promise<void> {
    const { started } = this.#repairs;
    if (this.#repairs.running > 0) return;
    if ((await this.#failedForGood(seen ?? (await this.look()))) === undefined) return;
    const hopeless = await this.#failedForGood(await this.look());
    if (hopeless === undefined || this.#repairs.started !== started) return;
    const { electorate, failed } = hopeless;
    throw new RedisClusterError("FAILOVER_IMPOSSIBLE", explainNoFailover(failed, electorate), {
      details: { ...electorate, failed },
    });
  }

  /** Names of the nodes that faults of this handle cut off from most of the others. */
  protected get cutOff(): readonly string[] {
    return [];
  }

  /** Names of the primaries that have failed in a cluster with too few primaries to replace them. */
  protected async failedForGood(view: ClusterView): Promise<readonly string[]> {
    return (await this.#failedForGood(view))?.failed ?? [];
  }

  async #failedForGood({ views }: ClusterView): Promise<FailedForGood | undefined> {
    return await findFailedForGood(this.plan, views, this.cutOff, async (name) => {
      // What the engine does not tell is not known to be down.
      const state = await this.node(name)
        .state()
        .catch(() => undefined);
      return state !== undefined && !ALIVE.has(state.status);
    });
  }

  /**
   * The replicas of the node that owns the slot of a key now: the nodes that answer and report that they follow it. While
   * no node owns it, this waits. A replica need not be in sync, and may refuse reads (MASTERDOWN, CLUSTERDOWN):
   * {@link waitUntilHealthy} waits until none does.
   *
   * @throws RedisClusterError as {@link primaryOf}.
   */
  async replicasOf(key: string, options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.calls.waitFor(`Waiting for a primary of ${JSON.stringify(key)}`, options, async () => {
      const { id } = await this.ownerNow(key);
      return this.#named(replicasOfShard((await this.look()).views, id));
    });
  }

  /**
   * The nodes that own slots now, in the order of their names. This is a question about roles and does not wait: a node
   * in the list may refuse commands at the moment, for which {@link primaryOf} waits.
   *
   * @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED.
   */
  async primaries(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#asked(options, (view) => this.#named(slotOwners(view.views).map(({ node }) => node)));
  }

  /** The nodes that answer and follow another one now. @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED. */
  async replicas(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#asked(options, (view) => this.#named(replicasOfShard(view.views, undefined)));
  }

  async #asked<T>(options: WaitOptions, tell: (view: ClusterView) => T): Promise<T> {
    return tell(await this.calls.query("Asking every node", options, () => this.look()));
  }

  #named(names: readonly string[]): readonly RedisClusterNode[] {
    return this.nodes.filter(({ name }) => names.includes(name));
  }

  /** Asks every node once. For use inside a call that has a deadline. */
  protected async look(): Promise<ClusterView> {
    this.calls.refuseEnded();
    return await readClusterView(this.plan, this.#connections);
  }

  /** The first answer that any node gives. */
  protected async ask(command: readonly [string, ...string[]], signal: AbortSignal): Promise<string> {
    return await poll(
      async () => {
        const answers = this.#connections.map((connection) => connection.text(...command));
        return await Promise.any(answers);
      },
      { everyMs: 20, signal },
    );
  }
}
