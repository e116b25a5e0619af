import { formatNodeView } from "../view/format-node-view.ts";
import type { EvidenceBundle, NodeEvidence } from "./evidence.ts";

/** Describes each node in a line: the state of its container, and the node's view of the cluster. */
export function describeNodes({ nodes, view, plan }: EvidenceBundle): readonly string[] {
  const names = new Map(plan?.nodes.map(({ id, name }) => [id, name]));
  const states = nodes.map(describeState);
  const width = Math.max(0, ...states.map(({ length }) => length));
  return nodes.map((node, index) => {
    const nodeView = view?.views.find(({ node: name }) => name === node.name);
    const text = nodeView === undefined ? node.name : formatNodeView(nodeView, names);
    return `${(states[index] ?? "").padEnd(width)}  ${text}`;
  });
}

function describeState({ state }: NodeEvidence): string {
  if (state.kind === "missing") return `unknown (${state.reason})`;
  const { status, exitCode, oomKilled } = state.value;
  const code = exitCode === undefined || status === "running" ? "" : ` (exit code ${exitCode})`;
  return `${status}${code}${oomKilled ? ", out of memory (OOM-killed)" : ""}`;
}
