import { electionTimes } from "../plan/election-times.ts";
import { lastElectionMs } from "../view/election-lines.ts";
import { parseInfo, type ServerVersion, serverVersion } from "../view/parse-info.ts";
import type { ManagedNode } from "../cluster/managed-node.ts";

/** Milliseconds to be on the safe side of a moment that the server reckons with its own clock. */
const MARGIN_MS = 20;

/**
 * How long a node still goes by its last election, in milliseconds; 0 where it has held none or forgets them. Asked to
 * take over meanwhile it would count those votes again, promote itself at an epoch that the others have left behind,
 * serve writes for some milliseconds, and lose them.
 */
export async function votesKeptMs(
  { connection, container }: ManagedNode,
  nodeTimeoutMs: number,
): Promise<number> {
  const info = parseInfo(await connection.text("INFO", "server"));
  if (forgetsVotes(serverVersion(info))) return 0;
  const nowMs = Number(info.get("server_time_usec")) / 1_000;
  const { retryMs } = electionTimes(nodeTimeoutMs);
  // Where no log is to be had (the engine's log driver `none`), the claim is looked at once it has been made.
  const log = await container.logs({ since: (nowMs - retryMs) / 1_000, timestamps: true }).catch(() => "");
  const beganMs = lastElectionMs(log);
  return beganMs === undefined ? 0 : Math.max(0, beganMs + retryMs + MARGIN_MS - nowMs);
}

/** Redis to 8.0 and Valkey to 8.0 keep them; since valkey-io/valkey#1711 who wins forgets its election. */
function forgetsVotes({ server, major, minor }: ServerVersion): boolean {
  return server === "valkey" && (major > 8 || (major === 8 && minor >= 1));
}
