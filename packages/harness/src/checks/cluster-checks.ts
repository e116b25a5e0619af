import { checkView } from "../view/check.ts";
import type { ClusterView } from "../view/cluster-view.ts";
import { formatNodeView } from "../view/format-view.ts";
import { isRecord, inconclusive, invalidInput } from "./validate-input.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** Every node answers, all say the same, and nothing is wrong. */
export async function healthy(given: unknown): Promise<Verdict> {
  const view = await viewOf(given);
  const { ok, problems } = checkView(view);
  return judge(ok, view, problems, {
    holds: "The cluster is healthy",
    fails: "The cluster is not healthy",
    expected: "a healthy cluster",
  });
}

/**
 * The nodes that answer agree about members, roles, slots and epochs.
 *
 * @throws RedisClusterError INVALID_ARGUMENT where fewer than two answer, of whom one cannot disagree.
 */
export async function agree(given: unknown): Promise<Verdict> {
  const view = await viewOf(given);
  const { configurationAgreed, problems } = checkView(view);
  const answered = view.views.filter(({ kind }) => kind === "answered");
  if (configurationAgreed && answered.length < 2) {
    throw inconclusive("fewer than two nodes answer, and it takes two to agree.", evidenceOf(view, problems));
  }
  return judge(configurationAgreed, view, problems, {
    holds: "The nodes agree",
    fails: "The nodes do not agree",
    expected: "nodes that agree",
  });
}

/** A node that answers executes commands for every slot. */
export async function coversAllSlots(given: unknown): Promise<Verdict> {
  const view = await viewOf(given);
  const { slotsCovered, problems } = checkView(view);
  return judge(slotsCovered, view, problems, {
    holds: "The cluster covers all slots",
    fails: "The cluster does not cover all slots",
    expected: "all slots covered",
  });
}

interface Words {
  readonly holds: string;
  readonly fails: string;
  readonly expected: string;
}

function judge(ok: boolean, view: ClusterView, problems: readonly string[], words: Words): Verdict {
  return verdict({
    ok,
    message: `${words.fails}.`,
    negated: `${words.holds}, which was not expected.`,
    actual: ok ? words.expected : problems.join("; "),
    expected: words.expected,
    evidence: evidenceOf(view, problems),
  });
}

/** What `redis-cli --cluster check` prints, in other words: all that is wrong, and who says what. */
function evidenceOf(view: ClusterView, problems: readonly string[]): string {
  const names = new Map(view.members.map(({ id, name }) => [id, name]));
  return [
    ...(problems.length === 0 ? [] : ["What is wrong:", ...problems.map((problem) => `  ${problem}`)]),
    "What each node says:",
    ...view.views.map((each) => `  ${formatNodeView(each, names)}`),
  ].join("\n");
}

async function viewOf(given: unknown): Promise<ClusterView> {
  if (isCluster(given)) {
    const view: unknown = await given.view();
    if (isView(view)) return view;
  }
  throw invalidInput("A started cluster", given);
}

function isCluster(given: unknown): given is { view(): unknown } {
  return isRecord(given) && typeof given["view"] === "function";
}

function isView(given: unknown): given is ClusterView {
  return ["views", "members", "disagreements"].every((part) => isRecord(given) && Array.isArray(given[part]));
}
