import type { NodeConnection } from "./clients/node-connection.ts";
import type { NodeContainer } from "./docker/node-container.ts";
import { RedisClusterError } from "./errors.ts";
import {
  type ActiveFault,
  type FaultFacts,
  type FaultKind,
  FaultRegistry,
  type Standing,
} from "./faults/active-fault.ts";
import type { LateFaults } from "./faults/late-faults.ts";
import type { ManagedNode } from "./cluster/managed-node.ts";
import type { ClusterNodes } from "./cluster/cluster-nodes.ts";
import { type Cut, findCutOff } from "./faults/partition.ts";
import { readOffsets } from "./faults/read-offsets.ts";
import { requireSelector } from "./faults/require-selector.ts";
import { shown } from "./faults/shown.ts";
import { type Selector, select } from "./faults/targets.ts";
import { ObservableCluster, type ObservableParts } from "./observable-cluster.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import { log } from "./lifecycle/log.ts";
import { poll } from "./lifecycle/poll.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import { RedisClusterNode } from "./redis-cluster-node.ts";

/** Where a fault goes: a node, its name, several of them, or nodes by what they are at that moment. */
export type Target = RedisClusterNode | string | readonly (RedisClusterNode | string)[] | Selector;

/** The nodes that a target meant, and the seed where chance chose them. */
export interface Chosen {
  readonly members: readonly ManagedNode[];
  readonly seed: number | undefined;
}

/** Whom a call is meant for, checked as far as that can be without asking anybody. */
export interface Aim {
  /** For people, until it is known who that is now. */
  readonly words: string;
  readonly find: (signal: AbortSignal) => Promise<Chosen>;
}

const POLL_MS = 20;

/** The part of a started cluster that finds whom a fault is meant for, and knows which are in force. */
export class TargetableCluster extends ObservableCluster {
  protected readonly members: ClusterNodes;
  protected readonly lateFaults: LateFaults;
  readonly #faults: FaultRegistry;

  constructor(parts: ObservableParts) {
    super(parts);
    this.lateFaults = parts.lateFaults;
    this.#faults = new FaultRegistry(
      parts.plan.timeScale,
      parts.lateFaults,
      () => this.calls.ended !== undefined,
      () => this.calls.refuseEnded(),
    );
    const all = parts.plan.nodes.map((plan, index) => ({
      plan,
      container: parts.containers[index] as NodeContainer,
      connection: parts.connections[index] as NodeConnection,
    }));
    this.members = { plan: parts.plan, nodes: all, addresses: parts.addresses, access: parts.access };
  }

  /** The faults that are in force, oldest first. */
  get activeFaults(): readonly ActiveFault[] {
    return this.#faults.active;
  }

  /**
   * Heals every fault that is in force, last in, first out, and waits for what came into force too late to be taken
   * back. Does nothing where there is none; one that cannot be healed does not keep the others, and stays in force.
   *
   * @param options the limit is for each fault; default that of its own {@link ActiveFault.heal}.
   * @throws RedisClusterError with the code of the first that could not be healed: WAIT_TIMEOUT, WAIT_ABORTED,
   * ENGINE_FAILED, START_FAILED, PORT_TAKEN, NODE_NOT_RUNNING, FAULT_FAILED; INVALID_ARGUMENT; CLUSTER_STOPPED.
   */
  async heal(options: WaitOptions = {}): Promise<void> {
    await this.repairing(() => this.#faults.healAll(options));
  }

  protected override get cutOff(): readonly string[] {
    return findCutOff(this.#faults.cuts, this.plan.nodes);
  }

  /** For a reset: takes every fault back, and gives the nodes where that failed with the reason. The dead stay dead. */
  protected async takeBackFaults(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return await this.#faults.takeBackAll(signal);
  }

  /**
   * The nodes that a target means now. A seed that is drawn for it is in {@link history} and in the debug log.
   *
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT where it is no target, names a node twice, or finds no
   * node; WAIT_TIMEOUT; WAIT_ABORTED; CLUSTER_STOPPED.
   */
  async select(target: Target, options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    return await this.apply("Selecting", this.aim(target), options, ({ members }) =>
      Promise.resolve(members.map(({ plan }) => this.node(plan.name))),
    );
  }

  /** Finds out who is meant and does something to them, both within one deadline. */
  protected async apply<T>(
    doing: string,
    { words, find }: Aim,
    options: WaitOptions,
    act: (chosen: Chosen, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let what = `${doing} ${words}`;
    return await this.calls.run(
      () => what,
      options,
      async (signal) => {
        const chosen = await find(signal);
        what = `${doing} ${chosen.members.map(({ plan }) => plan.name).join(", ")}`;
        if (chosen.seed !== undefined) {
          this.recorder.addSeed(what, chosen.seed);
          log("%s: %s, chosen with seed %d", this.plan.name, what, chosen.seed);
        }
        return await act(chosen, signal);
      },
    );
  }

  /**
   * Waits until a fault is active. If the caller's time is over before, the fault is reverted as soon as it becomes active,
   * and a heal or reset waits for that.
   *
   * @param doing as in `Killing node-0`.
   */
  protected async inForce<T>(
    doing: string,
    members: readonly ManagedNode[],
    applying: Promise<T>,
    takeBack: (applied: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      return await orAborted(applying, signal);
    } catch (error) {
      if (signal.aborted) {
        const nodes = members.map(({ plan }) => plan.name);
        this.lateFaults.add({ what: `${doing} ${nodes.join(", ")}`, nodes }, applying.then(takeBack));
      }
      throw error;
    }
  }

  /** Closes what faults have open in this process. */
  protected releaseFaults(): void {
    this.#faults.release();
  }

  /** Enters a fault that is in force. */
  protected enter(
    kind: FaultFacts["kind"],
    { members, seed }: Chosen,
    since: number,
    what: string,
    how: {
      readonly undo: (signal: AbortSignal) => Promise<void>;
      readonly release?: () => void;
      readonly standing?: (node: string) => Standing | undefined;
      readonly cuts?: readonly Cut[] | undefined;
    },
  ): ActiveFault {
    const nodes = members.map(({ plan }) => plan.name);
    const chance = seed === undefined ? "" : `, chosen with seed ${seed}`;
    const facts = { kind, nodes, since, seed, description: `${nodes.join(", ")} ${what}${chance}` };
    const healed = this.recorder.addFault(facts);
    log("%s: %s", this.plan.name, facts.description);
    const over = (): void => {
      healed();
      log("%s: healed: %s", this.plan.name, facts.description);
    };
    const { undo, ...more } = how;
    const takeBack = async (signal: AbortSignal): Promise<void> => {
      await this.repairing(() => orAborted(undo(signal), signal));
      over();
    };
    return this.#faults.add(facts, {
      ...more,
      over,
      heal: (options) => this.calls.run(`Healing ${facts.description}`, options, takeBack),
      // The dead are started by a reset itself, each as if for the first time.
      ...(kind === "kill" || kind === "stop" ? {} : { takeBack }),
    });
  }

  /** Ends faults that the caller has taken from a node in another way than by healing them. */
  protected noLonger(kinds: readonly FaultKind[], node: string): void {
    this.#faults.noLonger(kinds, node);
  }

  /** What the faults that are in force now mean for a node that starts again. */
  protected standing(node: string): readonly Standing[] {
    return this.#faults.standing(node);
  }

  /** @throws RedisClusterError INVALID_ARGUMENT, UNKNOWN_NODE */
  protected aim(target: Target): Aim {
    this.calls.refuseEnded();
    if (isSelector(target)) {
      const selector = requireSelector(target);
      return { words: shown(selector), find: (signal) => this.#find(selector, signal) };
    }
    const list: readonly (RedisClusterNode | string)[] = Array.isArray(target) ? target : [target];
    const members = list.map((each) => this.#member(each));
    if (members.length === 0) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        "Invalid target []: expected at least one node, got none.",
      );
    }
    const twice = members.find((member, index) => members.indexOf(member) !== index);
    if (twice !== undefined) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Invalid target: expected each node once, got ${twice.plan.name} twice.`,
      );
    }
    const words = members.map(({ plan }) => plan.name).join(", ");
    return { words, find: () => Promise.resolve({ members, seed: undefined }) };
  }

  /** The node that owns the slot of a key, as soon as one does. It may refuse commands: also such a node can be killed. */
  protected aimAtPrimary(key: string): Aim {
    this.calls.refuseEnded();
    return {
      words: `the primary of ${JSON.stringify(key)}`,
      find: async (signal) => {
        const node = await poll(() => this.ownerNow(key), { everyMs: POLL_MS, signal });
        return { members: [this.#member(node)], seed: undefined };
      },
    };
  }

  async #find(selector: Selector, signal: AbortSignal): Promise<Chosen> {
    const view = await orAborted(this.look(), signal);
    const offsets =
      "replicaOf" in selector ? await orAborted(readOffsets(this.members.nodes), signal) : new Map();
    const { names, seed } = select(selector, view, offsets);
    return { members: names.map((name) => this.#member(name)), seed };
  }

  #member(target: RedisClusterNode | string): ManagedNode {
    if (typeof target !== "string" && !(target instanceof RedisClusterNode)) {
      throw new RedisClusterError(
        "INVALID_ARGUMENT",
        `Invalid target ${shown(target)}: expected a node, a node name, an array of these, or a selector such as { primaryOf: "order:42" }.`,
      );
    }
    const node = typeof target === "string" ? this.node(target) : target;
    const member = this.members.nodes[node.index];
    if (member === undefined || this.nodes[node.index] !== node) {
      throw new RedisClusterError(
        "UNKNOWN_NODE",
        `Unknown node: expected a node of this cluster, got ${String(target)} of another one.`,
      );
    }
    return member;
  }
}

/** What is an object and nothing else: whether it is a right one is another question. */
function isSelector(target: Target): target is Selector {
  return (
    typeof target === "object" &&
    target !== null &&
    !Array.isArray(target) &&
    !(target instanceof RedisClusterNode)
  );
}
