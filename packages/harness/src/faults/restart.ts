import type { ManagedNode } from "../cluster/managed-node.ts";
import { readCallOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { RESTART_OPTIONS } from "./fault-options.ts";
import type { RestartOptions } from "./options.generated.ts";
import type { RestartConstraint } from "./fault-registry.ts";
import type { FaultTools } from "./fault-tools.ts";
import { isUnreachableFromHost, startOrRestart, waitUntilRejoined } from "./rejoin.ts";
import type { Target } from "./target-resolver.ts";

export async function restart(
  tools: FaultTools,
  target: Target,
  options: RestartOptions = {},
): Promise<void> {
  const { data = "kept" } = readCallOptions("restart()", RESTART_OPTIONS, options, WAIT_OPTIONS);
  const { repairs, targets } = tools;
  const validated = targets.validate(target);
  await repairs.during(() =>
    targets.run("Restarting", validated, options, async ({ nodes }, signal) => {
      await Promise.all(nodes.map((node) => restartNode(tools, node, data, signal)));
    }),
  );
}

/** Starts a node, or restarts it if it runs, and waits until it has rejoined the cluster. */
export async function restartNode(
  tools: FaultTools,
  node: ManagedNode,
  data: "kept" | "wiped",
  signal: AbortSignal,
): Promise<void> {
  await startOrRestart(node, data, () => tools.registry.constraintsFor(node.plan.name), signal);
  await rejoinCluster(tools, node, signal);
}

/** Waits until a node that was started has rejoined the cluster, and ends the faults that its start has ended. */
export async function rejoinCluster(
  { context, prospects, registry }: FaultTools,
  node: ManagedNode,
  signal: AbortSignal,
): Promise<void> {
  const { name } = node.plan;
  const constraints = (): readonly RestartConstraint[] => registry.constraintsFor(name);
  await waitUntilRejoined(node, context, constraints, (view) => prospects.failedForGood(view), signal);
  registry.endFaults(["kill", "stop", "pause", "slow-commands"], name);
  if (!isUnreachableFromHost(constraints())) await node.handle.clientReady(signal);
}
