import { electionTimes } from "../plan/election-times.ts";
import { lastElectionMs } from "../view/election-lines.ts";
import { parseInfo, type ServerVersion, serverVersion } from "../view/parse-info.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/** A safety margin, because the server determines the end of the time with its own clock. */
const MARGIN_MS = 20;

/**
 * Returns for how many milliseconds a node still uses the votes of its last election; 0 if it has held no election, or its server
 * forgets the votes. If the node is requested to take over during this time, it counts the old votes again, promotes itself with
 * a config epoch that is lower than that of other nodes, accepts writes for some milliseconds, and loses them.
 */
export async function readElectionCooldownMs(
  { connection, container }: ManagedNode,
  nodeTimeoutMs: number,
): Promise<number> {
  const info = parseInfo(await connection.text("INFO", "server"));
  if (forgetsVotes(serverVersion(info))) return 0;
  const nowMs = Number(info.get("server_time_usec")) / 1_000;
  const { authRetryTimeMs } = electionTimes(nodeTimeoutMs);
  // With the log driver `none`, the engine has no log. Then the config epoch is checked after the promotion.
  const log = await container
    .logs({ since: (nowMs - authRetryTimeMs) / 1_000, timestamps: true })
    .catch(() => "");
  const startedMs = lastElectionMs(log);
  return startedMs === undefined ? 0 : Math.max(0, startedMs + authRetryTimeMs + MARGIN_MS - nowMs);
}

/**
 * Returns whether a server forgets the votes of an election that it has won: Valkey since 8.1 (valkey-io/valkey#1711). Redis and
 * older versions of Valkey keep them.
 */
function forgetsVotes({ server, major, minor }: ServerVersion): boolean {
  return server === "valkey" && (major > 8 || (major === 8 && minor >= 1));
}
