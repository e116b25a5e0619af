import type { ManagedNode } from "../cluster/managed-node.ts";
import { hasElectionLine } from "../view/election-lines.ts";
import { parseInfo } from "../view/parse-info.ts";
import { type Fingerprint, parseFailoverMessages } from "./fingerprint.ts";
import { hasCountedMore } from "./irreversible-changes.ts";

/**
 * Returns whether a node has scheduled or held an election since its baseline. Only the log shows an election that is scheduled
 * but has not started yet.
 *
 * If the log is unreadable (the log driver `none`, or a failing engine), every node counts that has sent or received a message
 * about a failed node. A replica schedules an election only after its primary has the flag `fail` (`clusterHandleSlaveFailover`),
 * and a message of the cluster bus, sent or received, sets that flag.
 */
export async function hasScheduledElection(
  { connection, container }: ManagedNode,
  before: Fingerprint,
): Promise<boolean> {
  // The engine stamps log lines with its own clock, which the containers share.
  const log = await container.logs({ since: before.at / 1_000 }).catch(() => undefined);
  if (log !== undefined && log !== "") return hasElectionLine(log);
  const messages = parseFailoverMessages(parseInfo(await connection.text("CLUSTER", "INFO")));
  return ["fail_sent", "fail_received"].some((kind) =>
    hasCountedMore(before.failoverMessages, messages, kind),
  );
}
