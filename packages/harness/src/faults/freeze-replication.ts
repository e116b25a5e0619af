import { requireKnownOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { readView } from "../queries/read-views.ts";
import { replicasOfShard } from "../view/slot-owners.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { filterPackets } from "./network-fault.ts";
import { cutsAround } from "./plan-partition.ts";
import type { Target } from "./target-resolver.ts";

export async function freezeReplication(
  tools: FaultTools,
  target: Target,
  options: WaitOptions = {},
): Promise<ActiveFault> {
  requireKnownOptions("freezeReplication()", WAIT_OPTIONS, options);
  const { context, targets } = tools;
  return await filterPackets(tools, targets.validate(target), options, {
    kind: "freeze-replication",
    doing: "Freezing",
    description: "receives no replication stream",
    planCuts: async (nodes, signal) => {
      const { views } = await abortable(readView(context), signal);
      const plans = nodes.map(({ plan }) => plan);
      requireReplicas(
        plans.map(({ name }) => name),
        replicasOfShard(views, undefined),
      );
      return cutsAround(plans, context.plan.nodes, "replication");
    },
  });
}

/** @throws RedisClusterError INVALID_ARGUMENT */
function requireReplicas(names: readonly string[], replicas: readonly string[]): void {
  const wrong = names.filter((name) => !replicas.includes(name));
  if (wrong.length === 0) return;
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Invalid target of freezeReplication(): expected ${oneOf(replicas)}, got ${wrong.join(", ")}. ` +
      "Only a replica receives a stream.",
    { details: { replicas, wrong } },
  );
}

function oneOf(replicas: readonly string[]): string {
  if (replicas.length === 0) return "a replica, but no node that answers is a replica now";
  return replicas.length === 1
    ? `${replicas.join()}, the only replica now`
    : `one or more of the replicas ${replicas.join(", ")}`;
}
