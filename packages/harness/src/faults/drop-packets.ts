import type { DropPacketsOptions } from "./cluster-faults.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { filterPackets } from "./network-fault.ts";
import { cutsAround, requirePlane } from "./plan-partition.ts";
import type { Target } from "./target-resolver.ts";
import { requireNumber } from "./validate.ts";

/** nftables compares random numbers in ten-thousandths. */
const MIN_SHARE = 0.0001;

export async function dropPackets(
  tools: FaultTools,
  target: Target,
  share: number,
  options: DropPacketsOptions = {},
): Promise<ActiveFault> {
  const { plane = "all" } = options;
  requireNumber("share", share, MIN_SHARE, 1);
  requirePlane(plane);
  return await filterPackets(tools, tools.targets.validate(target), options, {
    kind: "loss",
    doing: "Losing packets of",
    description: `${share * 100} % of packets lost (${plane})`,
    loss: share,
    planCuts: async (nodes) => {
      const plans = nodes.map(({ plan }) => plan);
      return cutsAround(plans, tools.context.plan.nodes, plane);
    },
  });
}
