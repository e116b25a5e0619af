import { wallClockMs } from "../clock/real-time.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { RedisClusterError } from "../errors.ts";
import { requireKnownOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { abortable } from "../timing/deadline.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { applyToAll, requireStatus } from "./apply-to-all.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { registerFault } from "./register-fault.ts";
import type { Target } from "./target-resolver.ts";

export async function pause(
  tools: FaultTools,
  target: Target,
  options: WaitOptions = {},
): Promise<ActiveFault> {
  requireKnownOptions("pause()", WAIT_OPTIONS, options);
  const { context, lateFaults, targets } = tools;
  return await targets.run("Pausing", targets.validate(target), options, async (resolved, signal) => {
    const { nodes } = resolved;
    const { cgroupObstacle } = context.engine.traits;
    if (cgroupObstacle !== undefined)
      throw new RedisClusterError(
        "FAULT_UNSUPPORTED",
        `Pausing failed: ${cgroupObstacle}, and therefore cannot freeze processes.`,
        { details: { needs: "cgroups v2, or an engine that runs as root" } },
      );
    await requireStatus(nodes, "paused", ["running"], signal);
    const since = wallClockMs();
    const revert = async (): Promise<void> => {
      await Promise.all(nodes.map(resumeNode));
    };
    await lateFaults.applyOrRevert(
      "Pausing",
      nodes,
      applyToAll(nodes, ({ container }) => container.pause(), resumeNode),
      revert,
      signal,
    );
    return registerFault(tools, resolved, { kind: "pause", since, description: "paused", revert });
  });
}

export async function resume(tools: FaultTools, target: Target, options: WaitOptions = {}): Promise<void> {
  requireKnownOptions("resume()", WAIT_OPTIONS, options);
  const { registry, repairs, targets } = tools;
  const validated = targets.validate(target);
  await repairs.during(() =>
    targets.run("Resuming", validated, options, async ({ nodes }, signal) => {
      await abortable(Promise.all(nodes.map(resumeNode)), signal);
      for (const { plan } of nodes) registry.endFaults(["pause"], plan.name);
    }),
  );
}

async function resumeNode({ container }: ManagedNode): Promise<void> {
  if ((await container.state()).status === "paused") await container.unpause();
}
