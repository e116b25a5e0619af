import { wallClockMs } from "../clock/real-time.ts";
import { requireStatus } from "./apply-to-all.ts";
import { readCallOptions, requireArgument } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { numberFrom } from "../schema/option.ts";
import { DELAY_PACKETS_OPTIONS, PACKET_DELAY_MS } from "./fault-options.ts";
import type { DelayPacketsOptions } from "./options.generated.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { activate } from "./network-fault.ts";
import { applyDelay, type NetworkFault } from "./packet-filters.ts";
import { registerFault } from "./register-fault.ts";
import type { Target } from "./target-resolver.ts";

export async function delayPackets(
  tools: FaultTools,
  target: Target,
  delayMs: number,
  options: DelayPacketsOptions = {},
): Promise<ActiveFault> {
  requireArgument("delayMs", PACKET_DELAY_MS, delayMs);
  const { jitterMs = 0 } = readCallOptions(
    "delayPackets()",
    { jitterMs: { ...DELAY_PACKETS_OPTIONS.jitterMs, schema: numberFrom(0, delayMs) } },
    options,
    WAIT_OPTIONS,
  );
  const { context, helperImage, targets } = tools;
  const validated = targets.validate(target);
  const wait = context.calls.bound("Delaying", options);
  await helperImage.ensure(wait);
  return await targets.run("Delaying", validated, wait, async (resolved, signal) => {
    const { nodes } = resolved;
    await requireStatus(nodes, "delayed", ["running"], signal);
    const since = wallClockMs();
    const apply = (): Promise<NetworkFault> => applyDelay(context.engine, context, nodes, delayMs, jitterMs);
    const { remove, constraintFor } = await activate(tools, "Delaying", nodes, apply, signal);
    return registerFault(tools, resolved, {
      kind: "delay",
      since,
      description: `delayed by ${delayMs} ms`,
      revert: remove,
      constraintFor,
    });
  });
}
