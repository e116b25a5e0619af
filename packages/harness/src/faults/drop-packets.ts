import { readCallOptions, requireArgument } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { DROP_PACKETS_OPTIONS, PACKET_SHARE } from "./fault-options.ts";
import type { DropPacketsOptions } from "./options.generated.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { filterPackets } from "./network-fault.ts";
import { cutsAround } from "./plan-partition.ts";
import type { Target } from "./target-resolver.ts";

export async function dropPackets(
  tools: FaultTools,
  target: Target,
  share: number,
  options: DropPacketsOptions = {},
): Promise<ActiveFault> {
  requireArgument("share", PACKET_SHARE, share);
  const { plane = "all" } = readCallOptions("dropPackets()", DROP_PACKETS_OPTIONS, options, WAIT_OPTIONS);
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
