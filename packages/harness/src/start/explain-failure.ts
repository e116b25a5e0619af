import { unsuitableImage } from "../docker/start-error.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { NodeAtFailure } from "../evidence/nodes-at-failure.ts";

/** One node is enough: if several ended, their logs usually show the same reason. `details.nodes` contains all nodes. */
const MAX_SHOWN_NODES = 1;

/**
 * Adds the states of the containers to the error of a start, and the last lines of the log of one node: the first node that does
 * not run or, if all run, the first node.
 */
export function explainFailure(
  error: unknown,
  phase: string,
  nodes: readonly NodeAtFailure[],
  image: string,
): RedisClusterError {
  const stopped = nodes.filter(({ status }) => status !== "running" && status !== "created");
  const shown = (stopped.length > 0 ? stopped : nodes).slice(0, MAX_SHOWN_NODES);
  const cause = explainOldServer(error, shown, image);
  const code = cause instanceof RedisClusterError ? cause.code : "START_FAILED";
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

/** The directives that older servers do not know, and the first version of Redis that does. Every Valkey knows them. */
const FIRST_VERSIONS: Readonly<Record<string, string>> = {
  "cluster-announce-hostname": "7.0",
  "cluster-preferred-endpoint-type": "7.0",
  "cluster-port": "7.0",
  "enable-debug-command": "7.0",
};

/** Returns an error for the image if a server ended because it is older than one of its directives. Otherwise returns the error. */
function explainOldServer(error: unknown, nodes: readonly NodeAtFailure[], image: string): unknown {
  if (!(error instanceof RedisClusterError) || error.code !== "NODE_EXITED") return error;
  const output = nodes.flatMap(({ lastLines }) => lastLines).join("\n");
  // The message of `loadServerConfigFromString` (config.c), after the line of the file.
  const [, directive = ""] = />>> '([\w-]+)[^\n]*\n\s*Bad directive/.exec(output) ?? [];
  const version = FIRST_VERSIONS[directive];
  if (version === undefined) return error;
  return unsuitableImage(
    image,
    `its server does not know the directive ${directive}, which the options need`,
    {
      cause: error,
      details: error.details,
      remedy: `Use Redis ${version} or newer, or Valkey, or leave out the options and directives that need it.`,
    },
  );
}

function advice(code: RedisClusterError["code"], isUnreachable: boolean): readonly string[] {
  switch (code) {
    case "NODE_EXITED":
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
