import { messageOf, RedisClusterError } from "../errors.ts";
import type { NodeAtFailure } from "../evidence/nodes-at-failure.ts";

/** If one node ended, its log says why; if six ended, they all say the same. `details.nodes` has all of them. */
const MAX_SHOWN_NODES = 1;

/**
 * Adds to the error of a start what the containers were doing: their states, and the last lines of the log of the node that matters
 * most, which is the first one that does not run or, if all run, the first.
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
    ...advice(code, unreachable.length > 0),
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
  return [`Running, but not to be reached from here: ${first}${more}.`];
}

function describeNode({ node, status, exitCode, oomKilled, lastLines }: NodeAtFailure): readonly string[] {
  const state = [
    status,
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(oomKilled ? ["killed by the kernel for want of memory"] : []),
  ];
  return [
    `${node} (${state.join(", ")}) printed last:`,
    ...(lastLines.length > 0 ? lastLines : ["nothing"]).map((line) => `    ${line}`),
  ];
}

function advice(code: RedisClusterError["code"], isUnreachable: boolean): readonly string[] {
  switch (code) {
    case "NODE_EXITED":
      return [
        "What to try: the server's own words are above; a directive of `config` that it does not know is the usual cause.",
      ];
    case "START_TIMEOUT":
      return [
        "What to try: a larger `startupTimeoutMs`, fewer nodes, or `docker stats` to see what keeps the machine busy.",
        ...(isUnreachable
          ? [
              "  Where nodes run and are never reached: the server has to listen on its container's address (see `bind`), and " +
                "the engine's published ports have to be open to this program (TESTCONTAINERS_HOST_OVERRIDE names their host).",
            ]
          : []),
      ];
    default:
      return [];
  }
}
