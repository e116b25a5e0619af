import type { NodeNames } from "./cluster-view.ts";
import type { NodeView } from "./node-view.ts";
import { formatRanges } from "./slot-ranges.ts";

const FAILURE_FLAGS: ReadonlySet<string> = new Set(["fail", "fail?"]);

/** Formats the view of a node as one line: its own role and epoch, its state, and the nodes that it flags as failed. */
export function formatNodeView(view: NodeView, names: NodeNames): string {
  if (view.kind === "silent") return `${view.node}: silent (${view.reason})`;
  const nameOf = (id: string): string => names.get(id) ?? id.slice(0, 8);
  const self = view.members.find((member) => member.self);
  const following =
    self?.primaryId === undefined ? "replica without a primary" : `replica of ${nameOf(self.primaryId)}`;
  const role =
    self?.role === "primary"
      ? `primary of ${formatRanges(self.slots) || "no slots"}`
      : `${following}${view.inSync ? "" : ", not in sync"}`;
  const flagged = view.members
    .flatMap(({ id, flags }) =>
      flags.filter((flag) => FAILURE_FLAGS.has(flag)).map((flag) => `${nameOf(id)} ${flag}`),
    )
    .toSorted();
  const flags = flagged.length === 0 ? "flags no node" : `flags ${flagged.join(", ")}`;
  const noFailover =
    self?.flags.includes("nofailover") === true ? ", no automatic failover (nofailover)" : "";
  return `${view.node}: ${role}, epoch ${self?.configEpoch ?? "?"} of ${view.currentEpoch}, state ${view.state}, ${flags}${noFailover}`;
}
