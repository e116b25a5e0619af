import { wallClockMs } from "../clock/real-time.ts";
import { requireArgument, requireKnownOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { COMMAND_DELAY_MS } from "./fault-options.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { applyToAll, requireStatus } from "./apply-to-all.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { registerFault } from "./register-fault.ts";
import { type SlowedNode, slowDown } from "./slow-down.ts";
import type { Target } from "./target-resolver.ts";

export async function slowCommands(
  tools: FaultTools,
  target: Target,
  delayMs: number,
  options: WaitOptions = {},
): Promise<ActiveFault> {
  requireArgument("delayMs", COMMAND_DELAY_MS, delayMs);
  requireKnownOptions("slowCommands()", WAIT_OPTIONS, options);
  const { context, lateFaults, targets } = tools;
  return await targets.run("Slowing down", targets.validate(target), options, async (resolved, signal) => {
    const { nodes } = resolved;
    await requireStatus(nodes, "slowed down", ["running"], signal);
    const since = wallClockMs();
    const slowed: SlowedNode[] = [];
    const revert = async (): Promise<void> => {
      await Promise.all(slowed.map((node) => node.heal()));
    };
    const slowing = applyToAll(
      nodes,
      async (node) => {
        slowed.push(await slowDown(node, context.addresses, context.access, delayMs));
      },
      revert,
    );
    await lateFaults.applyOrRevert("Slowing down", nodes, slowing, revert, signal);
    return registerFault(tools, resolved, {
      kind: "slow-commands",
      since,
      description: `answers up to ${delayMs} ms late`,
      revert,
      release: () => {
        for (const node of slowed) node.release();
      },
    });
  });
}
