import type { ManagedNode } from "../cluster/managed-node.ts";
import { readCallOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { PARTITION_OPTIONS } from "./fault-options.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { filterPackets } from "./network-fault.ts";
import type { PartitionOptions } from "./options.generated.ts";
import { type PartitionGroup, planPartition } from "./plan-partition.ts";
import type { Target } from "./target-resolver.ts";

export async function partition(
  tools: FaultTools,
  groups: readonly PartitionGroup[],
  options: PartitionOptions & WaitOptions = {},
): Promise<ActiveFault> {
  const { context } = tools;
  context.calls.refuseEnded();
  const { plane = "all", oneWay = false } = readCallOptions(
    "partition()",
    PARTITION_OPTIONS,
    options,
    WAIT_OPTIONS,
  );
  const cuts = planPartition(groups, context.plan.nodes, { plane, oneWay });
  const description = groups.map((group) => (group === "rest" ? "rest" : group.join("+"))).join(" | ");
  const nodes = cuts.map(({ node }) => context.nodes[node.index] as ManagedNode);
  const target = { description, resolve: () => Promise.resolve({ nodes, seed: undefined }) };
  return await filterPackets(tools, target, options, {
    kind: "partition",
    doing: "Cutting off",
    description: `${plane} cut${oneWay ? " one way" : ""} between ${description}`,
    planCuts: () => Promise.resolve(cuts),
  });
}

export async function isolate(
  tools: FaultTools,
  target: Target,
  options: PartitionOptions & WaitOptions = {},
): Promise<ActiveFault> {
  const { plane = "all", oneWay = false } = readCallOptions(
    "isolate()",
    PARTITION_OPTIONS,
    options,
    WAIT_OPTIONS,
  );
  return await filterPackets(tools, tools.targets.validate(target), options, {
    kind: "partition",
    doing: "Isolating",
    description: `isolated (${plane}${oneWay ? ", one way" : ""})`,
    planCuts: async (nodes) =>
      planPartition([nodes.map(({ plan }) => plan.name), "rest"], tools.context.plan.nodes, {
        plane,
        oneWay,
      }),
  });
}
