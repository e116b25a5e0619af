import { RedisClusterError } from "../errors.ts";
import { abortable } from "../timing/deadline.ts";
import { requireStatus } from "./apply-to-all.ts";
import { readCallOptions } from "../schema/call-options.ts";
import { WAIT_OPTIONS } from "../timing/wait-options.ts";
import { FAILOVER_OPTIONS } from "./fault-options.ts";
import type { FailoverOptions } from "./options.generated.ts";
import type { FaultTools } from "./fault-tools.ts";
import { promoteReplica } from "./manual-failover.ts";
import type { Target } from "./target-resolver.ts";

export async function failover(
  tools: FaultTools,
  replica: Target,
  options: FailoverOptions = {},
): Promise<void> {
  const { mode = "graceful" } = readCallOptions("failover()", FAILOVER_OPTIONS, options, WAIT_OPTIONS);
  const { context, prospects, repairs, targets } = tools;
  const validated = targets.validate(replica);
  const run = (): Promise<void> =>
    targets.run("Failing over to", validated, options, async ({ nodes }, signal) => {
      const [node, ...others] = nodes;
      if (node === undefined || others.length > 0) {
        throw new RedisClusterError(
          "INVALID_ARGUMENT",
          `Invalid target of a failover: expected one replica, got ${nodes.length} nodes.`,
        );
      }
      await requireStatus([node], "promoted", ["running"], signal);
      // Without a takeover, a promotion needs votes. Checked first, because a failed primary is detected immediately.
      if (mode !== "takeover") await abortable(prospects.requireFailoverPossible(), signal);
      await promoteReplica(node, context, mode, () => prospects.requireFailoverPossible(), signal);
    });
  await (mode === "takeover" ? repairs.during(run) : run());
}
