import type { NodeConnection } from "./clients/node-connection.ts";
import type { NodeRuntime } from "./docker/node-runtime.ts";
import { RedisClusterError } from "./errors.ts";
import { type ActiveFault, type FaultFacts, FaultRegistry } from "./faults/active-fault.ts";
import type { Member, Members } from "./faults/member.ts";
import { type Selector, select } from "./faults/targets.ts";
import { ObservableCluster, type ObservableParts } from "./observable-cluster.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import { log } from "./lifecycle/log.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { RedisClusterNode } from "./redis-cluster-node.ts";
import { parseInfo } from "./view/parse-info.ts";

/** Where a fault goes: a node, its name, several of them, or nodes by what they are at that moment. */
export type Target = RedisClusterNode | string | readonly (RedisClusterNode | string)[] | Selector;

/** The nodes that a target meant, and the seed where chance chose them. */
export interface Chosen {
  readonly members: readonly Member[];
  readonly seed: number | undefined;
}

/** The part of a started cluster that finds whom a fault is meant for, and knows which are in force. */
export class TargetableCluster extends ObservableCluster {
  protected readonly members: Members;
  readonly #faults: FaultRegistry = new FaultRegistry(
    () => this.stopped,
    () => this.refuseStopped(),
  );

  constructor(parts: ObservableParts) {
    super(parts);
    const all = parts.plan.nodes.map((plan, index) => ({
      plan,
      runtime: parts.runtimes[index] as NodeRuntime,
      connection: parts.connections[index] as NodeConnection,
    }));
    this.members = { plan: parts.plan, all, addresses: parts.addresses, access: parts.access };
  }

  /** The faults that are in force, oldest first. */
  get activeFaults(): readonly ActiveFault[] {
    return this.#faults.active;
  }

  /**
   * Heals every fault that is in force, last in, first out. Does nothing where there is none. The time limit is each
   * fault's own.
   */
  async heal(options: WaitOptions = {}): Promise<void> {
    await this.#faults.healAll(options);
  }

  /** For a reset: takes every fault back, and gives the nodes where that failed with the reason. The dead stay dead. */
  protected async takeBackFaults(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return await this.#faults.takeBackAll(signal);
  }

  /**
   * The nodes that a target means now.
   *
   * @throws RedisClusterError UNKNOWN_NODE, or INVALID_ARGUMENT where a selector finds none.
   */
  async select(target: Target, options: WaitOptions = {}): Promise<readonly RedisClusterNode[]> {
    const { members } = await this.choose(target, options);
    return members.map(({ plan }) => this.node(plan.name));
  }

  protected async apply<T>(
    doing: string,
    target: Target,
    options: WaitOptions,
    act: (chosen: Chosen, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.refuseStopped();
    const chosen = await this.choose(target, options);
    const names = chosen.members.map(({ plan }) => plan.name).join(", ");
    return await this.within(`${doing} ${names}`, options, (signal) => act(chosen, signal));
  }

  /**
   * Waits until a fault is in force. Where the caller's time is over before, what comes into force later is taken back at
   * once, and a heal or reset waits for that.
   */
  protected async inForce<T>(
    applying: Promise<T>,
    takeBack: (applied: T) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      return await orAborted(applying, signal);
    } catch (error) {
      if (signal.aborted) this.#faults.addLate(applying.then(takeBack));
      throw error;
    }
  }

  /** Closes what faults have open in this process. */
  protected releaseFaults(): void {
    this.#faults.release();
  }

  protected enter(
    kind: FaultFacts["kind"],
    members: readonly Member[],
    since: number,
    seed: number | undefined,
    what: string,
    undo: (signal: AbortSignal) => Promise<void>,
    release?: () => void,
  ): ActiveFault {
    const nodes = members.map(({ plan }) => plan.name);
    const chance = seed === undefined ? "" : `, chosen with seed ${seed}`;
    const facts = { kind, nodes, since, seed, description: `${nodes.join(", ")} ${what}${chance}` };
    const healed = this.recorder.addFault(facts);
    log("%s: %s", this.plan.name, facts.description);
    const takeBack = async (signal: AbortSignal): Promise<void> => {
      await orAborted(undo(signal), signal);
      healed();
      log("%s: healed: %s", this.plan.name, facts.description);
    };
    return this.#faults.add(facts, {
      ...(release === undefined ? {} : { release }),
      heal: (options) => this.within(`Healing ${facts.description}`, options, takeBack),
      // The dead are started by a reset itself, each as if for the first time.
      ...(kind === "kill" || kind === "stop" ? {} : { takeBack }),
    });
  }

  protected async choose(target: Target, options: WaitOptions): Promise<Chosen> {
    this.refuseStopped();
    if (isSelector(target)) {
      const view = await this.view(options);
      const offsets =
        "replicaOf" in target
          ? await this.within("Asking for offsets", options, (signal) => orAborted(this.#offsets(), signal))
          : new Map<string, number>();
      const { names, seed } = select(target, view, offsets);
      return { members: names.map((name) => this.#member(name)), seed };
    }
    const list = Array.isArray(target) ? target : [target];
    const members = list.map((each: RedisClusterNode | string) => this.#member(each));
    if (members.length === 0) throw new RedisClusterError("INVALID_ARGUMENT", "A fault needs a node.");
    const twice = members.filter((member, index) => members.indexOf(member) !== index);
    if (twice.length > 0) {
      throw new RedisClusterError("INVALID_ARGUMENT", `${twice[0]?.plan.name} is named twice.`);
    }
    return { members, seed: undefined };
  }

  async #offsets(): Promise<ReadonlyMap<string, number>> {
    const read = async ({ plan, connection }: Member): Promise<readonly [string, number]> => {
      const info = parseInfo(await connection.text("INFO", "replication").catch(() => ""));
      return [plan.name, Number(info.get("slave_repl_offset") ?? -1)];
    };
    return new Map(await Promise.all(this.members.all.map(read)));
  }

  #member(target: RedisClusterNode | string): Member {
    const node = typeof target === "string" ? this.node(target) : target;
    const member = this.members.all[node.index];
    if (member === undefined || this.nodes[node.index] !== node) {
      throw new RedisClusterError("UNKNOWN_NODE", `${String(target)} is no node of this cluster.`);
    }
    return member;
  }
}

function isSelector(target: Target): target is Selector {
  return (
    typeof target === "object" &&
    ["primaryOf", "replicaOf", "shardOf", "role", "majorityOf", "random"].some((key) => key in target)
  );
}
