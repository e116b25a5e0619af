import type { NodeConnection } from "../clients/node-connection.ts";
import type { NodeContainer } from "../docker/node-container.ts";
import { messageOf, RedisClusterError } from "../errors.ts";
import { setTimeout } from "../clock/real-time.ts";

const TAIL_LINES = 10;
/** One node that ended tells why; six that ended tell it six times. `details.nodes` has them all. */
const SHOWN_NODES = 1;
const LINE_LENGTH = 200;
/** Evidence that takes longer than this is given up: the engine itself may be what failed. */
const GATHERING_LIMIT_MS = 5_000;

/** What is known of one node at the moment of a failure. */
interface NodeEvidence {
  readonly node: string;
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  /** Where nobody answered from here, though the container runs. */
  readonly unreachableAt: string | undefined;
  /** What the node itself says of the cluster, in a sentence, where it was asked. */
  readonly said: string | undefined;
  readonly lastLines: readonly string[];
}

/**
 * Adds to an error what each container was doing: its state, and the last log lines of those that matter, which
 * are the ones that are not running or, where all run, the first. Never throws, never hides the first cause.
 *
 * @param ask what each node says of the cluster, by its name.
 * @param redact takes secrets out of what the servers printed: a server prints the line of its configuration that it
 * refuses.
 */
export async function explainFailure(
  cause: unknown,
  phase: string,
  containers: readonly (NodeContainer | undefined)[],
  connections: readonly (NodeConnection | undefined)[],
  ask: () => Promise<ReadonlyMap<string, string>>,
  redact: (text: string) => string,
): Promise<RedisClusterError> {
  // Both at the same time, so that all is of one moment.
  const asking = ask();
  const gathered = await Promise.race([gather(containers, connections, redact), after(GATHERING_LIMIT_MS)]);
  const said = await asking;
  const nodes = gathered.map((each): NodeEvidence => ({ ...each, said: said.get(each.node) }));
  const stopped = nodes.filter(({ status }) => status !== "running" && status !== "created");
  const telling = (stopped.length > 0 ? stopped : nodes).slice(0, SHOWN_NODES);
  const code = cause instanceof RedisClusterError ? cause.code : "START_FAILED";
  const unreachable = nodes.flatMap(({ node, unreachableAt }) =>
    unreachableAt === undefined ? [] : [`${node} at ${unreachableAt}`],
  );
  const lines = telling.flatMap((each) => [
    `${each.node} (${[each.status, ...endOf(each)].join(", ")}) printed last:`,
    ...(each.lastLines.length > 0 ? each.lastLines : ["nothing"]).map((line) => `    ${line}`),
  ]);
  const message = [
    messageOf(cause),
    ...whereNobodyAnswers(unreachable),
    ...lines,
    ...advice(code, unreachable.length > 0),
  ];
  return new RedisClusterError(code, message.join("\n  "), {
    cause,
    details: { ...(cause instanceof RedisClusterError ? cause.details : {}), phase, nodes },
  });
}

function whereNobodyAnswers(unreachable: readonly string[]): readonly string[] {
  const [first, ...others] = unreachable;
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return [`Running, but not to be reached from here: ${first}${more}.`];
}

function endOf({ exitCode, oomKilled }: NodeEvidence): readonly string[] {
  return [
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(oomKilled ? ["killed by the kernel for want of memory"] : []),
  ];
}

function advice(code: RedisClusterError["code"], unreachable: boolean): readonly string[] {
  switch (code) {
    case "NODE_EXITED":
      return [
        "What to try: the server's own words are above; a directive of `config` that it does not know is the usual cause.",
      ];
    case "START_TIMEOUT":
      return [
        "What to try: a larger `startupTimeoutMs`, fewer nodes, or `docker stats` to see what keeps the machine busy.",
        ...(unreachable
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

async function gather(
  containers: readonly (NodeContainer | undefined)[],
  connections: readonly (NodeConnection | undefined)[],
  redact: (text: string) => string,
): Promise<readonly Omit<NodeEvidence, "said">[]> {
  const known = containers.filter((container) => container !== undefined);
  return await Promise.all(
    known.map(async (container) => {
      const connection = connections.find((each) => each?.node.name === container.name);
      // Before the engine is asked, which takes its time.
      const unreachableAt = connection?.unreachableAt;
      const state = await container.state().catch(() => undefined);
      const log = await container.logs({ tail: TAIL_LINES }).catch(() => "");
      return {
        node: container.name,
        status: state?.status ?? "unknown",
        exitCode: state?.exitCode,
        oomKilled: state?.oomKilled ?? false,
        unreachableAt: state?.status === "running" ? unreachableAt : undefined,
        lastLines: redact(log)
          .trimEnd()
          .split(/\r?\n/)
          .filter(Boolean)
          .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line)),
      };
    }),
  );
}

function after(ms: number): Promise<readonly never[]> {
  return new Promise((resolve) => {
    setTimeout(() => resolve([]), ms).unref();
  });
}
