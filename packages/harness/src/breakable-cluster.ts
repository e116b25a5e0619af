import { RedisClusterError } from "./errors.ts";
import { type ActiveFault } from "./faults/active-fault.ts";
import { FAILOVER_MODES, type FailoverMode, failOver } from "./faults/manual-failover.ts";
import { applyToAll, type Member, requireNumber, requireOneOf, requireStatus } from "./faults/member.ts";
import { restartNode } from "./faults/restart.ts";
import { type SlowedNode, slowDown } from "./faults/slow-commands.ts";
import type { Selector } from "./faults/targets.ts";
import { orAborted } from "./lifecycle/deadline.ts";
import type { WaitOptions } from "./lifecycle/wait.ts";
import type { RedisClusterNode } from "./redis-cluster-node.ts";
import { type Target, TargetableCluster } from "./targetable-cluster.ts";

/** How a node is killed. */
export interface KillOptions extends WaitOptions {
  /** The signal that its process gets. Default `"SIGKILL"`. */
  readonly with?: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGSEGV" | undefined;
}

/** How a node is restarted. */
export interface RestartOptions extends WaitOptions {
  /** `"wiped"` deletes what it had stored, but not who it is. Default `"kept"`. */
  readonly data?: "kept" | "wiped" | undefined;
}

/**
 * The part of a started cluster that breaks its nodes. Each fault is in force when its call returns, and is taken
 * back by its own `heal()`, by `await using`, by `cluster.heal()`, or with everything else by `stop()`. A fault that
 * fails half-way, or is not in force in time, is undone. Besides what every call throws: UNKNOWN_NODE, NODE_NOT_RUNNING,
 * INVALID_ARGUMENT where a target or a number is none, ENGINE_FAILED in the engine's own words.
 */
export class BreakableCluster extends TargetableCluster {
  /**
   * Kills nodes: their processes get SIGKILL, or what `with` names, and the call returns when the containers have
   * ended. Nothing is cleaned up, and nobody is told. Healing starts them again, as {@link restart} does.
   *
   * @throws RedisClusterError UNKNOWN_NODE, NODE_NOT_RUNNING; the cluster is untouched then.
   */
  async kill(target: Target, options: KillOptions = {}): Promise<ActiveFault> {
    return await this.#end("kill", "killed", target, options.with ?? "SIGKILL", options);
  }

  /** Kills the primary of a key, as {@link kill}; a node instead of a key is taken as it is. */
  async killMaster(target: RedisClusterNode | string, options: KillOptions = {}): Promise<ActiveFault> {
    return await this.kill(
      typeof target === "string" ? await this.primaryOf(target, options) : target,
      options,
    );
  }

  /**
   * Lets nodes shut down by themselves (SIGTERM): persistence is written, clients are told. A frozen one is let go on, or it
   * would not hear it. Healing starts them.
   */
  async stopNode(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    return await this.#end("stop", "stopped", target, "SIGTERM", options);
  }

  /**
   * Starts a dead node again, or a running one anew, and returns when it is back in the cluster and, as a replica,
   * in sync. Its data is what `persistence` kept, unless it is to be wiped; its network address stays, its host
   * port may be another, and the clients made here find it.
   */
  async restart(target: Target, options: RestartOptions = {}): Promise<void> {
    await this.apply("Restarting", target, options, async ({ members }, signal) => {
      await Promise.all(members.map((member) => this.#restart(member, options.data ?? "kept", signal)));
    });
  }

  /** Freezes nodes: nothing runs, every socket stays open. Healing, or {@link resume}, lets them go on. */
  async pause(target: Target, options: WaitOptions = {}): Promise<ActiveFault> {
    return await this.apply("Pausing", target, options, async ({ members, seed }, signal) => {
      const since = Date.now();
      await requireStatus(members, "paused", ["running"]);
      const pausing = applyToAll(members, pauseMember, resumeMember);
      await this.inForce(pausing, () => Promise.all(members.map(resumeMember)), signal);
      return this.enter("pause", members, since, seed, "frozen", async () => {
        await Promise.all(members.map(resumeMember));
      });
    });
  }

  /** Lets paused nodes go on, whoever paused them. One that runs is left alone. */
  async resume(target: Target, options: WaitOptions = {}): Promise<void> {
    await this.apply("Resuming", target, options, async ({ members }, signal) => {
      await orAborted(Promise.all(members.map(resumeMember)), signal);
    });
  }

  /**
   * Makes nodes answer late: commands are taken and answered up to `delayMs` (1 to 1000) later, half of that on
   * average. Gossip and replication go on.
   */
  async slowCommands(target: Target, delayMs: number, options: WaitOptions = {}): Promise<ActiveFault> {
    // Past a second the harness' own questions would count the node as silent.
    requireNumber("delayMs", delayMs, 1, 1_000);
    return await this.apply("Slowing down", target, options, async ({ members, seed }, signal) => {
      const since = Date.now();
      await requireStatus(members, "slowed down", ["running"]);
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
      await this.inForce(slowing, undo, signal);
      return this.enter(
        "slow-commands",
        members,
        since,
        seed,
        `answers up to ${delayMs} ms late`,
        undo,
        () => {
          for (const each of slowed) each.release();
        },
      );
    });
  }

  /**
   * Makes a replica the primary of its shard by Redis' own CLUSTER FAILOVER, and returns when it is, also where the
   * others elected it by themselves meanwhile. `graceful` (default) loses nothing and needs a primary that answers;
   * `force` does without the old primary's consent; `takeover` without anybody's. What the server forgets is asked for
   * again until the time is up, and the error says why it did not work. Nothing is to be taken back: another failover
   * does that.
   *
   * @throws RedisClusterError UNKNOWN_NODE; INVALID_ARGUMENT where it is a primary already, or several; NODE_NOT_RUNNING;
   * ENGINE_FAILED, WAIT_TIMEOUT, WAIT_ABORTED, CLUSTER_STOPPED.
   */
  async failover(
    replica: RedisClusterNode | string | Selector,
    options: { readonly mode?: FailoverMode | undefined } & WaitOptions = {},
  ): Promise<void> {
    const { mode = "graceful" } = options;
    requireOneOf("mode", mode, FAILOVER_MODES);
    await this.apply("Failing over to", replica, options, async ({ members }, signal) => {
      const [member, ...others] = members;
      if (member === undefined || others.length > 0) {
        throw new RedisClusterError("INVALID_ARGUMENT", "A failover is to one replica.");
      }
      await requireStatus([member], "promoted", ["running"]);
      await failOver(member, this.members, mode, signal);
    });
  }

  async #restart(member: Member, data: "kept" | "wiped", signal: AbortSignal): Promise<void> {
    await restartNode(member, this.members, data, signal);
    await this.node(member.plan.name).clientReady(signal);
  }

  async #end(
    kind: "kill" | "stop",
    verb: string,
    target: Target,
    signalName: string,
    options: WaitOptions,
  ): Promise<ActiveFault> {
    return await this.apply(
      kind === "kill" ? "Killing" : "Stopping",
      target,
      options,
      async (chosen, signal) => {
        const { members, seed } = chosen;
        await requireStatus(members, verb, ["running", "paused"]);
        const since = Date.now();
        const restart = async (member: Member, within: AbortSignal): Promise<void> => {
          // Somebody may have started it in the meantime, and then there is nothing left to heal.
          if ((await member.runtime.state()).status !== "running") {
            await this.#restart(member, "kept", within);
          }
        };
        const ending = applyToAll(
          members,
          (member) => member.runtime.kill(signalName),
          (member) => restart(member, signal),
        );
        const startAgain = async (within: AbortSignal): Promise<void> => {
          await Promise.all(members.map((member) => restart(member, within)));
        };
        await this.inForce(ending, () => this.within(`Taking back (${kind})`, {}, startAgain), signal);
        return this.enter(kind, members, since, seed, `${verb} with ${signalName}`, startAgain);
      },
    );
  }
}

async function pauseMember(member: Member): Promise<void> {
  await member.runtime.pause();
}

async function resumeMember(member: Member): Promise<void> {
  if ((await member.runtime.state()).status === "paused") await member.runtime.unpause();
}
