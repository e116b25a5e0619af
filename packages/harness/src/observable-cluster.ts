import type { Access } from "./clients/access.ts";
import type { AddressTable } from "./clients/address-table.ts";
import type { NodeConnection } from "./clients/node-connection.ts";
import type { Engine } from "./docker/engine.ts";
import type { NodeRuntime } from "./docker/node-runtime.ts";
import { RedisClusterError, summarize } from "./errors.ts";
import { type Deadline, orAborted } from "./lifecycle/deadline.ts";
import { OngoingCalls } from "./lifecycle/ongoing-calls.ts";
import { poll } from "./lifecycle/poll.ts";
import { type WaitDefaults, waitError, type WaitOptions, waitDeadline } from "./lifecycle/wait.ts";
import { readClusterView } from "./observation/read-views.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";
import { keySlot } from "./plan/slots.ts";
import { RecordedCluster } from "./recorded-cluster.ts";
import { RedisClusterNode } from "./redis-cluster-node.ts";
import { type ClusterCheck, checkView } from "./view/check.ts";
import type { ClusterView } from "./view/cluster-view.ts";
import { replicasOfShard, servingNodes } from "./view/serving.ts";
import { holdsSlot } from "./view/slot-ranges.ts";

/** What looking at a cluster needs. */
export interface ObservableParts {
  readonly engine: Engine;
  readonly plan: ClusterPlan;
  readonly addresses: AddressTable;
  readonly access: Access;
  readonly runtimes: readonly NodeRuntime[];
  readonly connections: readonly NodeConnection[];
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
  protected stopped = false;
  /** Calls that wait or act. They end with the use of this handle: with its end, or that of its lease. */
  protected readonly calls: OngoingCalls = new OngoingCalls();
  /** Why this handle can no longer be used although the cluster goes on. */
  protected over: string | undefined;
  readonly #connections: readonly NodeConnection[];

  constructor(parts: ObservableParts) {
    super(parts);
    this.#connections = parts.connections;
    this.nodes = parts.plan.nodes.map(
      (node, index) =>
        new RedisClusterNode(
          node,
          parts.access,
          parts.runtimes[index] as NodeRuntime,
          parts.addresses,
          this.waitDefaults,
        ),
    );
  }

  /** The node of that name. @throws RedisClusterError UNKNOWN_NODE */
  node(name: string): RedisClusterNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) {
      throw new RedisClusterError(
        "UNKNOWN_NODE",
        `There is no node ${JSON.stringify(name)}: they are node-0 to node-${this.nodes.length - 1}.`,
        { details: { name } },
      );
    }
    return node;
  }

  /**
   * Every node's view of the cluster at this moment, and what they disagree in. A node that says nothing for two seconds
   * counts as silent.
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
   * @throws RedisClusterError WAIT_TIMEOUT with what is still wrong; WAIT_ABORTED; CLUSTER_STOPPED, also when the cluster
   * is stopped meanwhile.
   */
  async waitUntilHealthy(options: WaitOptions = {}): Promise<void> {
    await this.waitFor("Waiting for a healthy cluster", options, async () => {
      const { ok, problems } = checkView(await this.look());
      if (!ok) throw new Error(summarize(problems));
    });
  }

  /**
   * The node that serves a key now, in its own eyes; of several that say so, the one with the newest config epoch.
   * While nobody does, as during a failover, it waits. One that does not answer is none, whatever the others say of it.
   *
   * @throws RedisClusterError WAIT_TIMEOUT with the slot that nobody serves; WAIT_ABORTED; CLUSTER_STOPPED, also when the
   * cluster is stopped meanwhile.
   */
  async primaryOf(key: string, options: WaitOptions = {}): Promise<RedisClusterNode> {
    return await this.waitFor(`Waiting for a primary of ${JSON.stringify(key)}`, options, () =>
      this.servingNow(key),
    );
  }

  /** The node that serves a key at this moment. For use inside a call that has a deadline. */
  protected async servingNow(key: string): Promise<RedisClusterNode> {
    const slot = keySlot(key);
    const owner = servingNodes((await this.look()).views).find(({ slots }) => holdsSlot(slots, slot));
    if (owner === undefined) throw new Error(`no node that answers serves slot ${slot}`);
    return this.node(owner.node);
  }

  /**
   * The replicas of the node that serves a key now: those that answer and say that they follow it. While nobody serves it,
   * it waits.
   *
   * @throws RedisClusterError as {@link primaryOf}.
   */
  async replicasOf(key: string, options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.waitFor(`Waiting for a primary of ${JSON.stringify(key)}`, options, async () => {
      const { id } = await this.servingNow(key);
      return this.#named(replicasOfShard((await this.look()).views, id));
    });
  }

  /** The nodes that serve slots now, in the order of their names. @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED. */
  async primaries(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#asked(options, (view) =>
      this.#named(servingNodes(view.views).map(({ node }) => node)),
    );
  }

  /** The nodes that answer and follow another one now. @throws RedisClusterError CLUSTER_STOPPED, WAIT_TIMEOUT or WAIT_ABORTED. */
  async replicas(options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.#asked(options, (view) => this.#named(replicasOfShard(view.views, undefined)));
  }

  async #asked<T>(options: WaitOptions, tell: (view: ClusterView) => T): Promise<T> {
    return tell(await this.within("Asking every node", options, (signal) => orAborted(this.look(), signal)));
  }

  #named(names: readonly string[]): readonly RedisClusterNode[] {
    return this.nodes.filter(({ name }) => names.includes(name));
  }

  /** Asks every node once. For use inside a call that has a deadline. */
  protected async look(): Promise<ClusterView> {
    this.refuseStopped();
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

  protected refuseStopped(): void {
    if (this.over !== undefined) throw new RedisClusterError("TURN_OVER", this.over);
    if (this.stopped) throw new RedisClusterError("CLUSTER_STOPPED", "The cluster has been stopped.");
  }

  /** How long calls wait that are not told. */
  protected get waitDefaults(): WaitDefaults {
    const { nodeTimeoutMs, timeScale } = this.plan;
    return { timeoutMs: Math.max(10_000, (10 * nodeTimeoutMs) / timeScale), timeScale };
  }

  /** For a call of several steps, which also ends if it is ended between two of them. */
  protected bound({ timeoutMs, signal }: WaitOptions): WaitOptions {
    const ended = this.calls.signal;
    return { timeoutMs, signal: signal === undefined ? ended : AbortSignal.any([signal, ended]) };
  }

  protected deadline(what: string | (() => string), options: WaitOptions): Deadline {
    return waitDeadline(what, options, this.waitDefaults);
  }

  /**
   * Does something within a deadline; its error tells why time ran out *and* what was missing then. With a signal that
   * is already aborted nothing is done.
   *
   * @param calls the calls among which it is counted: it ends when they are ended.
   */
  protected async within<T>(
    what: string | (() => string),
    options: WaitOptions,
    act: (signal: AbortSignal) => Promise<T>,
    calls: OngoingCalls = this.calls,
  ): Promise<T> {
    this.refuseStopped();
    return await calls.run(async (ended) => {
      const { signal: given, timeoutMs } = options;
      const signal = given === undefined ? ended : AbortSignal.any([given, ended]);
      using deadline = this.deadline(what, { timeoutMs, signal });
      try {
        deadline.signal.throwIfAborted();
        return await act(deadline.signal);
      } catch (error) {
        const phase = typeof what === "string" ? what : what();
        throw await this.failed(phase, endError(phase, ended) ?? waitError(deadline.signal, error));
      }
    });
  }

  protected async waitFor<T>(what: string, options: WaitOptions, ask: () => Promise<T>): Promise<T> {
    return await this.within(what, options, (signal) =>
      poll(
        async () => {
          this.refuseStopped();
          return await ask();
        },
        { everyMs: 20, signal },
      ),
    );
  }
}

/** What to throw if a call was ended together with the use of its handle: the reason, and what the call was. */
function endError(phase: string, ended: AbortSignal): RedisClusterError | undefined {
  const reason: unknown = ended.reason;
  return reason instanceof RedisClusterError
    ? new RedisClusterError(reason.code, `${phase}: ${reason.message}`, { cause: reason })
    : undefined;
}
