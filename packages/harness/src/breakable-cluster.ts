import { RedisClusterError } from "./errors.ts";
import { type ActiveFault } from "./faults/active-fault.ts";
import { DEADLY_SIGNALS } from "./faults/deadly-signals.ts";
import { FAILOVER_MODES, type FailoverMode, failOver } from "./faults/manual-failover.ts";
import type { ManagedNode } from "./cluster/managed-node.ts";
import { applyToAll, requireStatus } from "./faults/apply-to-all.ts";
import { requireNumber, requireOneOf } from "./faults/validate.ts";
import { isMute, rejoin, startAgain } from "./faults/restart.ts";
import { type SlowedNode, slowDown } from "./faults/slow-commands.ts";
import type { Selector } from "./faults/targets.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { RedisClusterNode } from "./redis-cluster-node.ts";
import { type Aim, type Target, TargetableCluster } from "./targetable-cluster.ts";
import { wallClockMs } from "./clock/real-time.ts";

/** How a node is killed. */
export interface KillOptions extends WaitOptions {
  /**
   * The signal that its process gets. Default `"SIGKILL"`: nothing is written, nobody is told. With the others the server
   * shuts down by itself. No other signal ends a server that is its container's first process.
   */
  readonly with?: "SIGKILL" | "SIGTERM" | "SIGINT" | undefined;
}

/** How a node is restarted. */
export interface RestartOptions extends WaitOptions {
  /** `"wiped"` deletes what it had stored, but not who it is. Default `"kept"`. */
  readonly data?: "kept" | "wiped" | undefined;
}

const DATA: readonly string[] = ["kept", "wiped"];

/**
 * The part of a started cluster that breaks its nodes. Each fault is in force when its call returns, and is taken
 * back by its own `heal()`, by `await using`, by `cluster.heal()`, or with everything else by `stop()`. A fault that
 * fails half-way, or is not in force in time, is undone.
 */
export class BreakableCluster extends TargetableCluster {
  /**
   * Kills nodes: their processes get SIGKILL, or what `with` names, and the call returns when the containers have
   * ended. Healing starts those again that nobody has started, with their data kept, and waits as {@link restart} does.
   *
   * @returns the fault, in force until its `heal()` or `await using`, {@link heal}, `reset()`, or a {@link restart} of
   * all its nodes.
   * @throws RedisClusterError before anything is done UNKNOWN_NODE, INVALID_ARGUMENT, NODE_NOT_RUNNING; otherwise
   * ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED, and it is undone.
   */
  async kill(target: Target, options: KillOptions = {}): Promise<ActiveFault> {
    return await this.#kill(this.aim(target), options);
  }

  /**
   * Kills the primary of a key, for which it waits where there is none at the moment; a node instead of a key is taken
   * as it is. As {@link kill} in all else.
   *
   * @throws RedisClusterError as {@link kill}.
   */
  async killMaster(target: RedisClusterNode | string, options: KillOptions = {}): Promise<ActiveFault> {
    const aim = typeof target === "string" ? this.aimAtPrimary(target) : this.aim(target);
    return await this.#kill(aim, options);
  }

  /**
   * Lets nodes shut down by themselves (SIGTERM): persistence is written, clients are told. A frozen one is let go on, or it
   * would not hear it. Healing starts them, as after {@link kill}.
   *
   * @returns the fault, which ends as that of {@link kill} does.
   * @throws RedisClusterError as {@link kill}.
   */
  async stopNode(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    return await this.#end("stop", "stopped", this.aim(target), "SIGTERM", options);
  }

  /**
   * Starts dead nodes again, or running ones anew (SIGTERM first), and returns when they are back in the cluster and, as
   * replicas, in sync. A primary executes commands again by then, which a server refuses until its process is two seconds
   * old, unless the cluster is down for another reason. If a replica's primary has failed and the cluster has too few
   * primaries to replace it, the sync is not waited for. Data is what `persistence` kept, unless it is to be wiped; the network address stays, the host
   * port may be another, and the clients made here find it. This ends kills, stops, pauses and slow commands of the
   * node. Partitions, losses, delays and freezes are put in force again before its server starts; while there is one,
   * the node is only waited for until it answers or, where clients are cut off from it, runs.
   *
   * Nothing is to be taken back. A call that runs out of time leaves the node as far as it has come.
   *
   * @throws RedisClusterError UNKNOWN_NODE, INVALID_ARGUMENT; NODE_NOT_RUNNING where the container was removed;
   * START_FAILED or PORT_TAKEN where it cannot be started; ENGINE_FAILED, FAULT_FAILED, WAIT_TIMEOUT, WAIT_ABORTED,
   * CLUSTER_STOPPED.
   */
  async restart(target: Target, options: RestartOptions = {}): Promise<void> {
    const { data = "kept" } = options;
    requireOneOf("data", data, DATA);
    const aim = this.aim(target);
    await this.repairing(() =>
      this.apply("Restarting", aim, options, async ({ members }, signal) => {
        await Promise.all(members.map((member) => this.#restart(member, data, signal)));
      }),
    );
  }

  /**
   * Freezes nodes: nothing runs, every socket stays open.
   *
   * @returns the fault, in force until its `heal()` or `await using`, {@link heal}, `reset()`, or {@link resume} or
   * {@link restart} of all its nodes.
   * @throws RedisClusterError before anything is done UNKNOWN_NODE, INVALID_ARGUMENT, NODE_NOT_RUNNING; otherwise
   * ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED, and it is undone.
   */
  async pause(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    return await this.apply("Pausing", this.aim(target), options, async (chosen, signal) => {
      const { members } = chosen;
      const since = wallClockMs();
      await requireStatus(members, "paused", ["running"], signal);
      const pausing = applyToAll(members, pauseMember, resumeMember);
      const undo = async (): Promise<void> => {
        await Promise.all(members.map(resumeMember));
      };
      await this.inForce("Pausing", members, pausing, undo, signal);
      return this.enter("pause", chosen, since, "frozen", { undo });
    });
  }

  /**
   * Lets paused nodes go on, whoever paused them, and ends the pauses of theirs that are in force. One that runs is left
   * alone. Returns when their processes run; what the cluster makes of them takes longer.
   *
   * @throws RedisClusterError UNKNOWN_NODE, INVALID_ARGUMENT, ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED,
   * CLUSTER_STOPPED.
   */
  async resume(target: Target, options: WaitOptions = {}): Promise<void> {
    const aim = this.aim(target);
    await this.repairing(() =>
      this.apply("Resuming", aim, options, async ({ members }, signal) => {
        await orAborted(Promise.all(members.map(resumeMember)), signal);
        for (const { plan } of members) this.noLonger(["pause"], plan.name);
      }),
    );
  }

  /**
   * Makes nodes answer late: commands are taken and answered up to `delayMs` (1 to 1000) later, half of that on
   * average. Gossip and replication go on. A node that is started again answers at once, and is under the fault no more.
   *
   * @returns the fault, in force until its `heal()` or `await using`, {@link heal} or `reset()`.
   * @throws RedisClusterError before anything is done UNKNOWN_NODE, INVALID_ARGUMENT, NODE_NOT_RUNNING; otherwise
   * FAULT_FAILED where a server refuses, ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED, and it is undone.
   */
  async slowCommands(target: Target, delayMs: number, options: WaitOptions = {}): Promise<ActiveFault> {
    // Past a second the harness' own questions would count the node as silent.
    requireNumber("delayMs", delayMs, 1, 1_000);
    return await this.apply("Slowing down", this.aim(target), options, async (chosen, signal) => {
      const { members } = chosen;
      const since = wallClockMs();
      await requireStatus(members, "slowed down", ["running"], signal);
      const slowed: SlowedNode[] = [];
      const undo = async (): Promise<void> => {
        await Promise.all(slowed.map((each) => each.heal()));
      };
      const slowing = applyToAll(
        members,
        async (member) => {
          slowed.push(await slowDown(member, this.members.addresses, this.members.access, delayMs));
        },
        undo,
      );
      await this.inForce("Slowing down", members, slowing, undo, signal);
      const release = (): void => {
        for (const each of slowed) each.release();
      };
      return this.enter("slow-commands", chosen, since, `answers up to ${delayMs} ms late`, {
        undo,
        release,
      });
    });
  }

  /**
   * Makes a replica the primary of its shard by Redis' own CLUSTER FAILOVER. Resolves when it is and executes commands,
   * also if the others elected it by themselves meanwhile. If the cluster is down for another reason, as its view shows
   * (a minority, or slots of another shard without a live owner), this resolves after the promotion alone. `graceful` (default) loses nothing and needs a primary that answers;
   * `force` does without the old primary's consent; `takeover` without anybody's. What the server forgets is asked for
   * again until the time is up, and the error says why it did not work. Redis keeps the votes of an election for twice
   * the node timeout, at least two seconds, and begins no other for as long again: a replica that has just held one is asked
   * only then, as it would promote itself by the old votes, be ignored, and lose what it had written. `takeover` needs no
   * votes, and Valkey forgets them from 8.1 on. Nothing is to be taken back: another failover does that. After a
   * call that ran out of time the server may still do it, for 5 s.
   *
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT where it is a primary already, or several; NODE_NOT_RUNNING;
   * FAILOVER_IMPOSSIBLE at once, for `graceful` and `force`, if a primary failed in a cluster of one or two;
   * ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED.
   */
  async failover(
    replica: RedisClusterNode | string | Selector,
    options: { readonly mode?: FailoverMode | undefined } & WaitOptions = {},
  ): Promise<void> {
    const { mode = "graceful" } = options;
    requireOneOf("mode", mode, FAILOVER_MODES);
    const aim = this.aim(replica);
    const run = (): Promise<void> =>
      this.apply("Failing over to", aim, options, async ({ members }, signal) => {
        const [member, ...others] = members;
        if (member === undefined || others.length > 0) {
          throw new RedisClusterError(
            "INVALID_ARGUMENT",
            `Invalid target of a failover: expected one replica, got ${members.length} nodes.`,
          );
        }
        await requireStatus([member], "promoted", ["running"], signal);
        // Without a takeover a promotion needs votes. Asked before anything else: a dead primary is known at once.
        if (mode !== "takeover") await orAborted(this.refuseHopeless(), signal);
        await failOver(member, this.members, mode, () => this.refuseHopeless(), signal);
      });
    await (mode === "takeover" ? this.repairing(run) : run());
  }

  async #restart(member: ManagedNode, data: "kept" | "wiped", signal: AbortSignal): Promise<void> {
    await startAgain(member, data, () => this.standing(member.plan.name), signal);
    await this.#rejoin(member, signal);
  }

  /** Waits until a node that was started has rejoined the cluster, and ends the faults that its start has ended. */
  async #rejoin(member: ManagedNode, signal: AbortSignal): Promise<void> {
    const { name } = member.plan;
    const standing = (): ReturnType<typeof this.standing> => this.standing(name);
    await rejoin(member, this.members, standing, (view) => this.failedForGood(view), signal);
    this.noLonger(["kill", "stop", "pause", "slow-commands"], name);
    if (!isMute(standing())) await this.node(name).clientReady(signal);
  }

  async #kill(aim: Aim, options: KillOptions): Promise<ActiveFault> {
    const { with: signalName = "SIGKILL" } = options;
    requireOneOf("with", signalName, DEADLY_SIGNALS);
    return await this.#end("kill", "killed", aim, signalName, options);
  }

  async #end(
    kind: "kill" | "stop",
    verb: string,
    aim: Aim,
    signalName: string,
    options: WaitOptions,
  ): Promise<ActiveFault> {
    const doing = kind === "kill" ? "Killing" : "Stopping";
    return await this.apply(doing, aim, options, async (chosen, signal) => {
      const { members } = chosen;
      await requireStatus(members, verb, ["running", "paused"], signal);
      const since = wallClockMs();
      const started = new Set<ManagedNode>();
      const restart = async (member: ManagedNode, within: AbortSignal): Promise<void> => {
        const { status } = await orAborted(member.container.state(), within);
        if (status !== "running") {
          started.add(member);
          await this.#restart(member, "kept", within);
        } else if (started.has(member)) {
          // By an earlier attempt to heal, which ended before the node had rejoined.
          await this.#rejoin(member, within);
        }
        // Otherwise another call or program has started it, and there is nothing left to heal.
      };
      const ending = applyToAll(
        members,
        (member) => member.container.kill(signalName),
        (member) => restart(member, signal),
      );
      const restartAll = async (within: AbortSignal): Promise<void> => {
        await Promise.all(members.map((member) => restart(member, within)));
      };
      const undo = (): Promise<void> => this.calls.run(`Taking back (${kind})`, {}, restartAll);
      await this.inForce(doing, members, ending, undo, signal);
      return this.enter(kind, chosen, since, `${verb} with ${signalName}`, { undo: restartAll });
    });
  }
}

async function pauseMember(member: ManagedNode): Promise<void> {
  await member.container.pause();
}

async function resumeMember(member: ManagedNode): Promise<void> {
  if ((await member.container.state()).status === "paused") await member.container.unpause();
}
