import type { Names } from "./cluster-view.ts";
import type { NodeView } from "./node-view.ts";
import { formatRanges } from "./slot-ranges.ts";

const FAILING: ReadonlySet<string> = new Set(["fail", "fail?"]);

/** One node's view in a line: its own role and epoch, its state, and whom it takes for dead. */
export function formatNodeView(view: NodeView, names: Names): string {
  if (view.kind === "silent") return `${view.node}: silent (${view.reason})`;
  const nameOf = (id: string): string => names.get(id) ?? id.slice(0, 8);
  const self = view.members.find((member) => member.self);
  const role =
    self?.role === "primary"
      ? `primary of ${formatRanges(self.slots) || "no slots"}`
      : `replica of ${self?.primaryId === undefined ? "nobody" : nameOf(self.primaryId)}${view.inSync ? "" : ", not in sync"}`;
  const flagged = view.members
    .flatMap(({ id, flags }) =>
      flags.filter((flag) => FAILING.has(flag)).map((flag) => `${nameOf(id)} ${flag}`),
    )
    .toSorted();
  const flags = flagged.length === 0 ? "flags nobody" : `flags ${flagged.join(", ")}`;
  const never = self?.flags.includes("nofailover") === true ? ", never takes over (nofailover)" : "";
  return `${view.node}: ${role}, epoch ${self?.configEpoch ?? "?"} of ${view.currentEpoch}, state ${view.state}, ${flags}${never}`;
}
