import { abortable } from "../timing/deadline.ts";
import { log } from "../log.ts";
import type { ActiveFault, FaultFacts } from "./fault.ts";
import type { FaultControl } from "./fault-registry.ts";
import type { FaultTools } from "./fault-tools.ts";
import type { ResolvedTarget } from "./target-resolver.ts";

/** How a fault that is active is reverted, and what it means meanwhile. */
export interface FaultEffect extends Pick<FaultControl, "release" | "constraintFor" | "cuts"> {
  readonly kind: FaultFacts["kind"];
  /** When the fault began to be applied, as `Date.now()` returns it. */
  readonly since: number;
  /** What the fault did to its nodes, as in `killed with SIGKILL`. */
  readonly description: string;
  readonly revert: (signal: AbortSignal) => Promise<void>;
}

/** Registers a fault that is active, records it in the history, and returns the object that heals it. */
export function registerFault(
  { context: { calls, history, plan }, registry, repairs }: FaultTools,
  { nodes, seed }: ResolvedTarget,
  { kind, since, description: effect, revert, ...control }: FaultEffect,
): ActiveFault {
  const names = nodes.map((node) => node.plan.name);
  const chance = seed === undefined ? "" : `, chosen with seed ${seed}`;
  const description = `${names.join(", ")} ${effect}${chance}`;
  const facts: FaultFacts = { kind, nodes: names, since, seed, description };
  const markHealed = history.addFault(facts);
  log("%s: %s", plan.name, description);
  const onEnded = (): void => {
    markHealed();
    log("%s: healed: %s", plan.name, description);
  };
  const revertAndEnd = async (signal: AbortSignal): Promise<void> => {
    await repairs.during(() => abortable(revert(signal), signal));
    onEnded();
  };
  return registry.add(facts, {
    ...control,
    onEnded,
    heal: (options) => calls.run(`Healing ${description}`, options, revertAndEnd),
    // A reset starts stopped nodes itself, as if they had never run.
    ...(kind === "kill" || kind === "stop" ? {} : { revert: revertAndEnd }),
  });
}
