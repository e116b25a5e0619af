import { randomBytes } from "node:crypto";
import { wallClockMs } from "../clock/real-time.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";
import { RedisClusterError } from "../errors.ts";
import type { WaitOptions } from "../timing/call-deadline.ts";
import { requireStatus } from "./apply-to-all.ts";
import type { ActiveFault, FaultKind } from "./fault.ts";
import type { FaultTools } from "./fault-tools.ts";
import { applyCuts, type NetworkFault } from "./packet-filters.ts";
import { type Cut, isTotal, type LossShare } from "./plan-partition.ts";
import { registerFault } from "./register-fault.ts";
import type { UnresolvedTarget } from "./target-resolver.ts";

/** A fault that consists of packet filters. */
export interface FilterFault {
  readonly kind: Extract<FaultKind, "partition" | "loss" | "freeze-replication">;
  /** The action, for messages, as in `Isolating`. */
  readonly doing: string;
  /** What the fault did to its nodes, as in `isolated`. */
  readonly description: string;
  readonly loss?: LossShare;
  /** Determines the filters when the target is resolved. */
  readonly planCuts: (nodes: readonly ManagedNode[], signal: AbortSignal) => Promise<readonly Cut[]>;
}

/** Applies packet filters to the networks of nodes, and registers them as a fault. */
export async function filterPackets(
  tools: FaultTools,
  target: UnresolvedTarget,
  options: WaitOptions,
  { kind, doing, description, loss, planCuts }: FilterFault,
): Promise<ActiveFault> {
  const { context, helperImage, targets } = tools;
  const wait = context.calls.bound(doing, options);
  await helperImage.ensure(wait);
  return await targets.run(doing, target, wait, async (resolved, signal) => {
    const cuts = await planCuts(resolved.nodes, signal);
    const filtered = cuts.map(({ node }) => context.nodes[node.index] as ManagedNode);
    await requireStatus(filtered, "cut off", ["running"], signal);
    const since = wallClockMs();
    const table = `trc_${randomBytes(6).toString("hex")}`;
    const apply = (): Promise<NetworkFault> => applyCuts(context.engine, context, table, cuts, loss);
    const { remove, constraintFor } = await activate(tools, doing, filtered, apply, signal);
    return registerFault(tools, resolved, {
      kind,
      since,
      description,
      revert: remove,
      constraintFor,
      cuts: isTotal(loss) ? cuts : undefined,
    });
  });
}

/** Records a network fault for other handles, applies it, and waits until it is active. */
export async function activate(
  { lateFaults, networkFaultLog }: FaultTools,
  doing: string,
  nodes: readonly ManagedNode[],
  apply: () => Promise<NetworkFault>,
  signal: AbortSignal,
): Promise<NetworkFault> {
  const applyRecorded = async (): Promise<NetworkFault> => {
    const forget = await networkFaultLog.record(nodes.map(({ plan }) => plan.name));
    try {
      const fault = await apply();
      const remove = async (): Promise<void> => {
        await fault.remove();
        await forget();
      };
      return { ...fault, remove };
    } catch (error) {
      // After any other failure, a part of the fault may still be active.
      if (error instanceof RedisClusterError && error.code === "FAULT_UNSUPPORTED") await forget();
      throw error;
    }
  };
  return await lateFaults.applyOrRevert(doing, nodes, applyRecorded(), (late) => late.remove(), signal);
}
