import { messageOf, RedisClusterError } from "../errors.ts";
import type { NodeAtFailure } from "../evidence/nodes-at-failure.ts";

/** One node is enough: if several ended, their logs usually show the same reason. `details.nodes` contains all nodes. */
const MAX_SHOWN_NODES = 1;

/**
 * Adds the states of the containers to the error of a start, and the last lines of the log of one node: the first node that does
 * not run or, if all run, the first node.
 */
export function explainFailure(
  cause: unknown,
  phase: string,
  nodes: readonly NodeAtFailure[],
): RedisClusterError {
  const code = cause instanceof RedisClusterError ? cause.code : "START_FAILED";
  const stopped = nodes.filter(({ status }) => status !== "running" && status !== "created");
  const shown = (stopped.length > 0 ? stopped : nodes).slice(0, MAX_SHOWN_NODES);
  const unreachable = nodes.flatMap(({ node, unreachableAt }) =>
    unreachableAt === undefined ? [] : [`${node} at ${unreachableAt}`],
  );
  const lines = [
    messageOf(cause),
    ...describeUnreachable(unreachable),
    ...shown.flatMap(describeNode),
    ...advice(code, unreachable.length > 0, shown.flatMap(({ lastLines }) => lastLines).join("\n")),
  ];
  return new RedisClusterError(code, lines.join("\n  "), {
    cause,
    details: { ...(cause instanceof RedisClusterError ? cause.details : {}), phase, nodes },
  });
}

function describeUnreachable(unreachable: readonly string[]): readonly string[] {
  const [first, ...others] = unreachable;
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return [`Running but unreachable from this host: ${first}${more}.`];
}

function describeNode({ node, status, exitCode, oomKilled, lastLines }: NodeAtFailure): readonly string[] {
  const state = [
    status,
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(oomKilled ? ["out of memory (OOM-killed)"] : []),
  ];
  return [
    `Last output of ${node} (${state.join(", ")}):`,
    ...(lastLines.length > 0 ? lastLines : ["(no output)"]).map((line) => `    ${line}`),
  ];
}

/** @param output the last output of the node that did not start. */
function advice(code: RedisClusterError["code"], isUnreachable: boolean, output: string): readonly string[] {
  switch (code) {
    case "NODE_EXITED":
      if (output.includes("cluster-announce-hostname")) {
        return [
          'What to do: use Redis 7.0 or newer, or Valkey. Older servers cannot announce host names, as `announce: "host"` and ' +
            "the directive `cluster-announce-hostname` request.",
        ];
      }
      return [
        "What to do: read the output of the server above. The usual cause is a directive of `config` that the server does not know.",
      ];
    case "START_TIMEOUT":
      return [
        "What to do: try a larger `startupTimeoutMs` or fewer nodes, or use `docker stats` to see what keeps the machine busy.",
        ...(isUnreachable
          ? [
              "  If a node runs but is unreachable: its server must listen on the address of its container (see `bind`), and this " +
                "program must be able to reach the published ports of the engine (TESTCONTAINERS_HOST_OVERRIDE sets their host).",
            ]
          : []),
      ];
    default:
      return [];
  }
}
