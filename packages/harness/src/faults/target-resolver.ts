import type { ClusterContext } from "../cluster/cluster-context.ts";
import { findNode } from "../cluster/find-node.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { NodeHandle } from "../cluster/node-handle.ts";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import { poll } from "../timing/retry.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { readView } from "../queries/read-views.ts";
import { formatValue } from "../schema/format-value.ts";
import { readReplicationOffsets } from "./read-replication-offsets.ts";
import { type Selector, select } from "./select.ts";
import { validateSelector } from "./validate-selector.ts";

/** The nodes of a fault: a node, its name, an array of these, or a selector that is resolved at the moment of the fault. */
export type Target = RedisClusterNode | string | readonly (RedisClusterNode | string)[] | Selector;

/** The nodes that a target means at one moment. */
export interface ResolvedTarget {
  readonly nodes: readonly ManagedNode[];
  /** The seed if nodes were chosen at random. */
  readonly seed: number | undefined;
}

/** A target that has been validated but not yet resolved to nodes. */
export interface UnresolvedTarget {
  /** The target as the caller wrote it, for messages. */
  readonly description: string;
  readonly resolve: (signal: AbortSignal) => Promise<ResolvedTarget>;
}

const POLL_MS = 20;

/** Validates targets, and resolves them to nodes. */
export class TargetResolver {
  readonly #context: ClusterContext;
  readonly #currentOwner: (key: string) => Promise<RedisClusterNode>;

  /** @param currentOwner returns the node that owns the slot of a key now. */
  constructor(context: ClusterContext, currentOwner: (key: string) => Promise<RedisClusterNode>) {
    this.#context = context;
    this.#currentOwner = currentOwner;
  }

  /**
   * Validates a target without a request to any node.
   *
   * @throws RedisClusterError INVALID_ARGUMENT if the target is invalid, contains no node, or contains a node twice.
   * @throws RedisClusterError UNKNOWN_NODE if a node does not belong to the cluster.
   */
  validate(target: Target): UnresolvedTarget {
    this.#context.calls.throwIfEnded();
    if (isSelector(target)) {
      const selector = validateSelector(target);
      return { description: formatValue(selector), resolve: (signal) => this.#select(selector, signal) };
    }
    const list: readonly (RedisClusterNode | string)[] = Array.isArray(target) ? target : [target];
    const nodes = list.map((item) => this.#nodeOf(item));
    if (nodes.length === 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        "Invalid target []: expected at least one node, got none.",
      );
    }
    const twice = nodes.find((node, index) => nodes.indexOf(node) !== index);
    if (twice !== undefined) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Invalid target: expected each node once, got ${twice.plan.name} twice.`,
      );
    }
    const description = nodes.map(({ plan }) => plan.name).join(", ");
    return { description, resolve: () => Promise.resolve({ nodes, seed: undefined }) };
  }

  /**
   * Returns the owner of the slot of a key as a target. Its resolution waits until a node owns the slot, which may reject
   * commands.
   */
  ownerOf(key: string): UnresolvedTarget {
    this.#context.calls.throwIfEnded();
    return {
      description: `the primary of ${JSON.stringify(key)}`,
      resolve: async (signal) => {
        const owner = await poll(() => this.#currentOwner(key), { everyMs: POLL_MS, signal });
        return { nodes: [this.#nodeOf(owner)], seed: undefined };
      },
    };
  }

  /**
   * Resolves a target and runs an action for its nodes, both within one deadline. A random seed is recorded.
   *
   * @param doing the action, for messages, as in `Killing`.
   */
  async run<T>(
    doing: string,
    { description, resolve }: UnresolvedTarget,
    { timeoutMs, signal: given }: WaitOptions,
    act: (target: ResolvedTarget, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { calls, history, plan } = this.#context;
    let what = `${doing} ${description}`;
    return await calls.run(
      () => what,
      { timeoutMs, signal: given },
      async (signal) => {
        const target = await resolve(signal);
        what = `${doing} ${target.nodes.map((node) => node.plan.name).join(", ")}`;
        if (target.seed !== undefined) {
          history.addSeed(what, target.seed);
          log("%s: %s, chosen with seed %d", plan.name, what, target.seed);
        }
        return await act(target, signal);
      },
    );
  }

  async #select(selector: Selector, signal: AbortSignal): Promise<ResolvedTarget> {
    const { nodes } = this.#context;
    const view = await abortable(readView(this.#context), signal);
    const offsets =
      "replicaOf" in selector ? await abortable(readReplicationOffsets(nodes), signal) : new Map();
    const { names, seed } = select(selector, view, offsets);
    return { nodes: names.map((name) => findNode(nodes, name)), seed };
  }

  #nodeOf(target: RedisClusterNode | string): ManagedNode {
    const { nodes } = this.#context;
    if (typeof target === "string") return findNode(nodes, target);
    if (!(target instanceof NodeHandle)) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Invalid target ${formatValue(target)}: expected a node, a node name, an array of these, or a selector such as { primaryOf: "order:42" }.`,
      );
    }
    const node = nodes.find(({ handle }) => handle === target);
    if (node === undefined) {
      throw new RedisClusterError(
        "UNKNOWN_NODE",
        `Unknown node: expected a node of this cluster, got ${String(target)} of another one.`,
      );
    }
    return node;
  }
}

/** Returns whether a target is an object that can only be a selector. Whether it is a valid one is checked later. */
function isSelector(target: Target): target is Selector {
  return (
    typeof target === "object" && target !== null && !Array.isArray(target) && !(target instanceof NodeHandle)
  );
}
