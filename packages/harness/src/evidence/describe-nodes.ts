import { formatNodeView } from "../view/format-node-view.ts";
import type { EvidenceBundle, NodeEvidence } from "./evidence.ts";

/** A line for each node: what the engine says of its container, and what the node says of the cluster. */
export function describeNodes({ nodes, view, plan }: EvidenceBundle): readonly string[] {
  const names = new Map(plan?.nodes.map(({ id, name }) => [id, name]));
  const states = nodes.map(describeState);
  const width = Math.max(0, ...states.map(({ length }) => length));
  return nodes.map((node, index) => {
    const said = view?.views.find((each) => each.node === node.name);
    return `${(states[index] ?? "").padEnd(width)}  ${said === undefined ? node.name : formatNodeView(said, names)}`;
  });
}

function describeState({ state }: NodeEvidence): string {
  if (state.kind === "missing") return `unknown (${state.reason})`;
  const { status, exitCode, oomKilled } = state.value;
  const code = exitCode === undefined || status === "running" ? "" : ` (exit code ${exitCode})`;
  return `${status}${code}${oomKilled ? " out of memory" : ""}`;
}
