import { messageOf } from "../errors.ts";
import { describeNodes } from "./describe-nodes.ts";
import type { EvidenceBundle } from "./evidence.ts";

const MOST_PROBLEMS = 10;
const MOST_LINES = 12;

/** The page that somebody opens first: what failed, when, in which state every node was, and where to look next. */
export function formatReadme(bundle: EvidenceBundle): string {
  const { title, at, error, plan, check, history, versions } = bundle;
  const inForce = history.faults.filter(({ healedAt }) => healedAt === undefined);
  const nodes = describeNodes(bundle);
  const server = plan?.nodes[0] && versions[plan.nodes[0].name];
  return [
    `Evidence: ${title}`,
    "",
    `When     ${new Date(at).toISOString()}`,
    `Cluster  ${plan === undefined ? "not planned yet" : `${plan.name}, ${plan.nodes.length} nodes, ${plan.image}`}`,
    ...(server === undefined ? [] : [`Server   ${server}`]),
    ...section(
      "What was thrown",
      error === undefined ? ["nothing"] : shorten(messageOf(error).split("\n"), MOST_LINES),
    ),
    ...section("The nodes", nodes.length === 0 ? ["none yet"] : nodes),
    ...section(
      "What is wrong in their eyes",
      check === undefined || check.ok ? ["nothing"] : shorten(check.problems, MOST_PROBLEMS),
    ),
    ...section(
      "Faults in force",
      inForce.length === 0
        ? ["none"]
        : shorten(
            inForce.map(({ kind, description }) => `${kind}: ${description}`),
            10,
          ),
    ),
    ...section("Where to look next", [
      "error.txt       what was thrown, with its details, causes and stack",
      "timeline.txt    faults, failovers, workloads and errors in the order of time",
      "log.txt         what all nodes printed, in the order of time",
      "nodes.txt       every node in a line, and everything that is wrong",
      "views.json      every node's view of the cluster, the check, INFO of every node",
      "failovers.json  the failovers that were observed",
      "ledgers.json    what became of every workload's writes",
      "history.json    faults, errors and the seeds of all that was left to chance",
      "plan.json       what the cluster was planned to be, each node's redis.conf included",
      "versions.json   what it ran on",
    ]),
    "",
    "Secrets are replaced by ***.",
    "",
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return ["", heading, ...lines.map((line) => `  ${line}`)];
}

function shorten(lines: readonly string[], most: number): readonly string[] {
  return lines.length > most ? [...lines.slice(0, most), `and ${lines.length - most} more`] : lines;
}
