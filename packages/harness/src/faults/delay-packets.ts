import { wallClockMs } from "../clock/real-time.ts";
import { requireStatus } from "./apply-to-all.ts";
import type { DelayPacketsOptions } from "./cluster-faults.ts";
import type { ActiveFault } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { activate } from "./network-fault.ts";
import { applyDelay, type NetworkFault } from "./packet-filters.ts";
import { registerFault } from "./register-fault.ts";
import type { Target } from "./target-resolver.ts";
import { requireNumber } from "./validate.ts";

const MAX_DELAY_MS = 60_000;

export async function delayPackets(
  tools: FaultTools,
  target: Target,
  delayMs: number,
  options: DelayPacketsOptions = {},
): Promise<ActiveFault> {
  const { jitterMs = 0 } = options;
  requireNumber("delayMs", delayMs, 1, MAX_DELAY_MS);
  requireNumber("jitterMs", jitterMs, 0, delayMs);
  const { context, helperImage, targets } = tools;
  const validated = targets.validate(target);
  const wait = context.calls.bound(options);
  await helperImage.ensure(wait);
  return await targets.run("Delaying", validated, wait, async (resolved, signal) => {
    const { nodes } = resolved;
    const since = wallClockMs();
    await requireStatus(nodes, "delayed", ["running"], signal);
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
