import { checkView } from "../view/cluster-check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { formatNodeView } from "../view/format-node-view.ts";
import type { ClusterQueries } from "../queries/cluster-queries.ts";
import { inconclusive, invalidInput, isRecord } from "./validate-input.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** @deprecated Use `Pick<ClusterQueries, "view">`. */
export type CheckableCluster = Pick<ClusterQueries, "view">;

/** Checks that every node answers, all nodes agree, and there is no problem. */
export async function healthy(cluster: unknown): Promise<Verdict> {
  const view = await viewOf(cluster);
  const { ok, problems } = checkView(view);
  return viewVerdict(ok, view, problems, {
    passed: "The cluster is healthy",
    failed: "The cluster is not healthy",
    expected: "a healthy cluster",
  });
}

/**
 * Checks that the nodes that answer agree about members, roles, slots and epochs.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if fewer than two nodes answer, because one node cannot disagree with itself.
 */
export async function agree(cluster: unknown): Promise<Verdict> {
  const view = await viewOf(cluster);
  const { configurationAgreed, problems } = checkView(view);
  const answered = view.views.filter(({ kind }) => kind === "answered");
  if (configurationAgreed && answered.length < 2) {
    throw inconclusive(
      "fewer than two nodes answered, and only two or more nodes can agree.",
      formatEvidence(view, problems),
    );
  }
  return viewVerdict(configurationAgreed, view, problems, {
    passed: "The nodes agree",
    failed: "The nodes do not agree",
    expected: "nodes that agree",
  });
}

/** Checks that for every slot a node that answers executes commands. */
export async function coversAllSlots(cluster: unknown): Promise<Verdict> {
  const view = await viewOf(cluster);
  const { slotsCovered, problems } = checkView(view);
  return viewVerdict(slotsCovered, view, problems, {
    passed: "The cluster covers all slots",
    failed: "The cluster does not cover all slots",
    expected: "all slots covered",
  });
}

interface VerdictTexts {
  readonly passed: string;
  readonly failed: string;
  readonly expected: string;
}

function viewVerdict(
  ok: boolean,
  view: ClusterView,
  problems: readonly string[],
  texts: VerdictTexts,
): Verdict {
  return verdict({
    ok,
    message: `${texts.failed}.`,
    negated: `${texts.passed}: expected the opposite.`,
    actual: ok ? texts.expected : problems.join("; "),
    expected: texts.expected,
    evidence: formatEvidence(view, problems),
  });
}

/** Formats what `redis-cli --cluster check` reports as well: all problems, and the view of each node. */
function formatEvidence(view: ClusterView, problems: readonly string[]): string {
  const names = new Map(view.members.map(({ id, name }) => [id, name]));
  return [
    ...(problems.length === 0 ? [] : ["Problems:", ...problems.map((problem) => `  ${problem}`)]),
    "Views of the nodes:",
    ...view.views.map((nodeView) => `  ${formatNodeView(nodeView, names)}`),
  ].join("\n");
}

async function viewOf(cluster: unknown): Promise<ClusterView> {
  if (isCluster(cluster)) {
    const view: unknown = await cluster.view();
    if (isView(view)) return view;
  }
  throw invalidInput("Cluster", "a started cluster", cluster);
}

function isCluster(value: unknown): value is { view(): unknown } {
  return isRecord(value) && typeof value["view"] === "function";
}

function isView(value: unknown): value is ClusterView {
  return ["views", "members", "disagreements"].every((part) => isRecord(value) && Array.isArray(value[part]));
}
