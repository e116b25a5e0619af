import { wallClockMs } from "../clock/real-time.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import type { RedisClusterNode } from "../cluster/redis-cluster-node.ts";
import { readCallOptions, requireKnownOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { abortable } from "../timing/deadline.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { applyToAll, requireStatus } from "./apply-to-all.ts";
import type { ActiveFault } from "./fault.ts";
import { KILL_OPTIONS } from "./fault-options.ts";
import type { FaultTools } from "./fault-tools.ts";
import type { KillOptions } from "./options.generated.ts";
import { registerFault } from "./register-fault.ts";
import { rejoinCluster, restartNode } from "./restart.ts";
import type { Target, UnresolvedTarget } from "./target-resolver.ts";

export async function kill(
  tools: FaultTools,
  target: Target,
  options: KillOptions = {},
): Promise<ActiveFault> {
  return await killTarget(tools, "kill()", tools.targets.validate(target), options);
}

export async function killPrimary(
  tools: FaultTools,
  target: RedisClusterNode | string,
  options: KillOptions = {},
): Promise<ActiveFault> {
  const { targets } = tools;
  const primary = typeof target === "string" ? targets.ownerOf(target) : targets.validate(target);
  return await killTarget(tools, "killPrimary()", primary, options);
}

export async function shutdown(
  tools: FaultTools,
  target: Target,
  options: WaitOptions = {},
): Promise<ActiveFault> {
  requireKnownOptions("shutdown()", WAIT_OPTIONS, options);
  const words = { kind: "stop", doing: "Stopping", done: "stopped" } as const;
  return await endProcesses(tools, words, tools.targets.validate(target), "SIGTERM", options);
}

async function killTarget(
  tools: FaultTools,
  call: string,
  target: UnresolvedTarget,
  options: KillOptions,
): Promise<ActiveFault> {
  const { with: signalName = "SIGKILL" } = readCallOptions(call, KILL_OPTIONS, options, WAIT_OPTIONS);
  const words = { kind: "kill", doing: "Killing", done: "killed" } as const;
  return await endProcesses(tools, words, target, signalName, options);
}

async function endProcesses(
  tools: FaultTools,
  { kind, doing, done }: { readonly kind: "kill" | "stop"; readonly doing: string; readonly done: string },
  target: UnresolvedTarget,
  signalName: string,
  options: WaitOptions,
): Promise<ActiveFault> {
  const { context, lateFaults, targets } = tools;
  return await targets.run(doing, target, options, async (resolved, signal) => {
    const { nodes } = resolved;
    await requireStatus(nodes, done, ["running", "paused"], signal);
    const since = wallClockMs();
    const started = new Set<ManagedNode>();
    const startIfStopped = async (node: ManagedNode, within: AbortSignal): Promise<void> => {
      const { status } = await abortable(node.container.state(), within);
      if (status !== "running") {
        started.add(node);
        await restartNode(tools, node, "kept", within);
      } else if (started.has(node)) {
        // An earlier attempt to heal has started the node, and ended before the node had rejoined.
        await rejoinCluster(tools, node, within);
      }
      // Otherwise another call or program has started the node, and there is nothing left to heal.
    };
    const ending = applyToAll(
      nodes,
      (node) => node.container.kill(signalName),
      (node) => startIfStopped(node, signal),
    );
    const revert = async (within: AbortSignal): Promise<void> => {
      await Promise.all(nodes.map((node) => startIfStopped(node, within)));
    };
    await lateFaults.applyOrRevert(
      doing,
      nodes,
      ending,
      () => context.calls.run(`Reverting the late fault (${kind})`, {}, revert),
      signal,
    );
    return registerFault(tools, resolved, { kind, since, description: `${done} with ${signalName}`, revert });
  });
}
