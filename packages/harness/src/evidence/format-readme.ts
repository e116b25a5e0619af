import { messageOf } from "../errors.ts";
import { describeNodes } from "./describe-nodes.ts";
import type { EvidenceBundle } from "./evidence.ts";

const MAX_PROBLEMS = 10;
const MAX_FAULTS = 10;
const MAX_ERROR_LINES = 12;

/** Formats README.txt: what failed and when, the state of every node, and the content of the other files. */
export function formatReadme(bundle: EvidenceBundle): string {
  const { title, at, error, plan, check, history, versions } = bundle;
  const activeFaults = history.faults.filter(({ healedAt }) => healedAt === undefined);
  const nodes = describeNodes(bundle);
  const server = plan?.nodes[0] && versions[plan.nodes[0].name];
  return [
    `Evidence: ${title}`,
    "",
    `Time     ${new Date(at).toISOString()}`,
    `Cluster  ${plan === undefined ? "not planned yet" : `${plan.name}, ${plan.nodes.length} nodes, ${plan.image}`}`,
    ...(server === undefined ? [] : [`Server   ${server}`]),
    ...section(
      "Error",
      error === undefined ? ["none"] : shorten(messageOf(error).split("\n"), MAX_ERROR_LINES),
    ),
    ...section("Nodes", nodes.length === 0 ? ["none yet"] : nodes),
    ...section(
      "Problems",
      check === undefined || check.ok ? ["none"] : shorten(check.problems, MAX_PROBLEMS),
    ),
    ...section(
      "Active faults",
      activeFaults.length === 0
        ? ["none"]
        : shorten(
            activeFaults.map(({ kind, description }) => `${kind}: ${description}`),
            MAX_FAULTS,
          ),
    ),
    ...section("Files", [
      "error.txt       the error: details, causes, stack",
      "timeline.txt    faults, failovers, workloads and errors in chronological order",
      "log.txt         the output of all nodes in chronological order",
      "nodes.txt       one line for each node, then all problems",
      "views.json      every node's view of the cluster, the check, INFO of every node",
      "failovers.json  the observed failovers",
      "ledgers.json    the ledgers of the workloads",
      "history.json    faults, errors and random seeds",
      "plan.json       the plan of the cluster, with each node's redis.conf",
      "versions.json   the versions of the library, Node, Testcontainers, the engine and the servers",
    ]),
    "",
    "Secrets are replaced by ***.",
    "",
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return ["", heading, ...lines.map((line) => `  ${line}`)];
}

function shorten(lines: readonly string[], max: number): readonly string[] {
  return lines.length > max ? [...lines.slice(0, max), `and ${lines.length - max} more`] : lines;
}
