import type { ManagedNode } from "../cluster/managed-node.ts";
import { hasElectionLine } from "../view/election-lines.ts";
import { parseInfo } from "../view/parse-info.ts";
import { failoverMessages, type Fingerprint } from "./fingerprint.ts";
import { more } from "./traces.ts";

/**
 * Returns whether a node has scheduled or held an election since its baseline. Only the log shows an election that is
 * scheduled and not held yet.
 *
 * If the log is unreadable (the engine's log driver `none`, an engine in trouble), every node that has heard of a failed
 * node counts: a replica schedules an election only after its primary is flagged `fail`
 * (`clusterHandleSlaveFailover`), and that flag is set by a message of the cluster bus, sent or received.
 */
export async function hasPlannedElection(
  { connection, container }: ManagedNode,
  before: Fingerprint,
): Promise<boolean> {
  // The engine stamps lines with its own clock, which the containers share with it.
  const log = await container.logs({ since: before.at / 1_000 }).catch(() => undefined);
  if (log !== undefined && log !== "") return hasElectionLine(log);
  const messages = failoverMessages(parseInfo(await connection.text("CLUSTER", "INFO")));
  return ["fail_sent", "fail_received"].some((kind) => more(before.failoverMessages, messages, kind));
}
