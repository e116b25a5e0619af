import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import { isErrorReply, poll } from "../timing/retry.ts";
import { probeShards } from "../formation/verify.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";
import type { Baseline } from "./baseline.ts";
import { markStatistics } from "./clean-node.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { requireSyncedReplicas } from "./verify-pristine.ts";

// At its next start, a server loads its snapshot, settings and users from files. A client may have written state to these files
// that the cleaning has reverted in memory only.

const POLL_MS = 5;
/** Replies of a server that accepts the command a moment later. */
const BUSY = /in progress|child process|^LOADING/i;

/** The result of rewriting the files of all nodes. */
interface RewriteResult {
  /** By node index, the call counts of clients from before the statistics were reset again. */
  readonly calls: readonly ReadonlyMap<string, number>[];
  /** The names of the nodes whose files could not be rewritten, and the reasons. */
  readonly failures: ReadonlyMap<string, string>;
}

/** The files of a node that must be rewritten. */
export interface OutdatedFiles {
  readonly snapshot: boolean;
  readonly settings: boolean;
  readonly users: boolean;
}

/**
 * Returns which files of a node may contain state of an earlier use. FLUSHALL writes the snapshot again, but only if save points
 * are set (`flushAllDataAndResetRDB` in db.c). A server with an append-only file does not load a snapshot. Servers since 7.0 show
 * CONFIG REWRITE and ACL SAVE in their statistics, and then their process is replaced. Older servers count only CONFIG and ACL.
 *
 * @param wasFlushed whether FLUSHALL was called on the primary of the node's shard.
 */
export function findOutdatedFiles({ config, calls }: Fingerprint, wasFlushed: boolean): OutdatedFiles {
  const hasSavePoints = (config.get("save") ?? "") !== "";
  const keepsSnapshots = hasSavePoints || config.get("rdb-del-sync-files") === "no";
  const isBefore7 = calls.has("config");
  return {
    snapshot: config.get("appendonly") === "no" && keepsSnapshots && !(hasSavePoints && wasFlushed),
    settings: isBefore7,
    users: isBefore7 && (config.get("aclfile") ?? "") !== "",
  };
}

/**
 * Makes every node rewrite the outdated files that its next start loads, from its present data, settings and users. Call it when
 * these are restored. It takes about a tenth of a second if a snapshot must be written, and no time if no file is outdated. The
 * statistics and logs of nodes that rewrote a file are reset again, because they contain the commands for it.
 *
 * @param wasFlushed by shard, whether FLUSHALL was called on its primary.
 * @throws Error if a replica does not receive all data, or a node does not answer.
 * @throws the signal's reason.
 */
export async function rewriteFiles(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  { fingerprints }: Baseline,
  wasFlushed: readonly boolean[],
  signal: AbortSignal,
): Promise<RewriteResult> {
  const outdated = plan.nodes.map(({ index, shard }) =>
    findOutdatedFiles(fingerprints[index] as Fingerprint, wasFlushed[shard] === true),
  );
  if (outdated.some(({ snapshot }) => snapshot)) await waitForReplication(plan, connections, signal);
  const failures = new Map<string, string>();
  const calls = await Promise.all(
    connections.map(async (connection, index) => {
      const files = outdated[index] as OutdatedFiles;
      if (!files.snapshot && !files.settings) return new Map<string, number>();
      const { sent, problem } = await rewriteNode(connection, files, signal);
      const { name } = connection.node;
      if (problem !== undefined) failures.set(name, `${name} failed to rewrite a file: ${problem}`);
      return subtractCalls(await markStatistics(connection), sent);
    }),
  );
  return { calls, failures };
}

/** Waits until all replicas have received all data of their primaries. */
async function waitForReplication(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  // WAIT concerns the last write of its connection, which may not have written anything yet.
  await probeShards(plan, connections, signal);
  await Promise.all(
    plan.shards.map((_, shard) =>
      poll(() => requireSyncedReplicas(plan, shard, connections), { everyMs: POLL_MS, signal }),
    ),
  );
}

/** The outcome of requests to rewrite files. */
interface RewriteOutcome {
  /** The commands for snapshots that were sent, in lower case. */
  readonly sent: readonly string[];
  /** Why a file could not be rewritten; undefined if all were. */
  readonly problem: string | undefined;
}

/** Rewrites the outdated files of a node. */
async function rewriteNode(
  connection: NodeConnection,
  { snapshot, settings, users }: OutdatedFiles,
  signal: AbortSignal,
): Promise<RewriteOutcome> {
  const commands: readonly NodeCommand[] = [
    ...(settings ? [["CONFIG", "REWRITE"] as const] : []),
    ...(users ? [["ACL", "SAVE"] as const] : []),
  ];
  const outcomes = commands.length === 0 ? [] : await connection.outcomes(commands);
  const connectionError = outcomes.find((outcome) => outcome instanceof Error && !isErrorReply(outcome));
  if (connectionError !== undefined) throw connectionError;
  const failed = outcomes.findIndex((outcome) => outcome instanceof Error);
  const problem =
    failed === -1 ? undefined : `${commands[failed]?.join(" ")}: ${messageOf(outcomes[failed])}`;
  if (!snapshot) return { sent: [], problem };
  const saved = await saveSnapshot(connection, signal);
  return { sent: saved.sent, problem: problem ?? saved.problem };
}

/**
 * Saves a snapshot with BGSAVE, because a server does not answer during a long SAVE. Falls back to SAVE if the server does not
 * have BGSAVE.
 */
async function saveSnapshot(connection: NodeConnection, signal: AbortSignal): Promise<RewriteOutcome> {
  const sent: string[] = [];
  const send = async (command: string): Promise<unknown> => {
    sent.push(command.toLowerCase());
    const [outcome] = await connection.outcomes([[command]]);
    if (!(outcome instanceof Error)) return undefined;
    if (!isErrorReply(outcome) || BUSY.test(outcome.message)) throw outcome;
    return outcome;
  };
  const refusal = await poll(() => send("BGSAVE"), { everyMs: POLL_MS, signal });
  if (refusal !== undefined) {
    const error = await poll(() => send("SAVE"), { everyMs: POLL_MS, signal });
    return { sent, problem: error === undefined ? undefined : `SAVE: ${messageOf(error)}` };
  }
  const status = await poll(
    async () => {
      const info = parseInfo(await connection.text("INFO", "persistence"));
      if (info.get("rdb_bgsave_in_progress") !== "0") throw new Error(`${connection.node.name} is saving`);
      return info.get("rdb_last_bgsave_status");
    },
    { everyMs: POLL_MS, signal },
  );
  return { sent, problem: status === "ok" ? undefined : `BGSAVE: expected the status ok, got ${status}` };
}

/** Subtracts the library's own calls from call counts. */
function subtractCalls(
  calls: ReadonlyMap<string, number>,
  sent: readonly string[],
): ReadonlyMap<string, number> {
  return new Map(
    [...calls]
      .map(([name, count]) => [name, count - sent.filter((own) => own === name).length] as const)
      .filter(([, count]) => count > 0),
  );
}
