import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import { isErrorReply, poll } from "../timing/retry.ts";
import { probeShards } from "../formation/verify.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";
import type { Baseline } from "./baseline.ts";
import { markStatistics } from "./clean-node.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { replicasHaveAll } from "./verify-pristine.ts";

// A server loads files at its next start: a snapshot, its settings, its users. A use of the cluster may have written to
// them what commands have reverted in memory only.

const POLL_MS = 5;
/** Replies of a server that takes the command a moment later. */
const BUSY = /in progress|child process|^LOADING/i;

/** What rewriting the files of the nodes has shown. */
interface Rewritten {
  /** By node index: what clients had called before the statistics were reset again. */
  readonly calls: readonly ReadonlyMap<string, number>[];
  /** Nodes whose files could not be rewritten, and why. */
  readonly unable: ReadonlyMap<string, string>;
}

/** The files of a node that have to be rewritten. */
export interface OutdatedFiles {
  readonly snapshot: boolean;
  readonly settings: boolean;
  readonly users: boolean;
}

/**
 * Returns which files a node may have kept from an earlier use. FLUSHALL writes the snapshot again, but only if save
 * points are set (`flushAllDataAndResetRDB` in db.c). A server with an append-only file loads no snapshot. Since 7.0 the
 * statistics show CONFIG REWRITE and ACL SAVE, which cost the process; older servers count CONFIG and ACL only.
 *
 * @param flushed whether FLUSHALL was called on the primary of the node's shard.
 */
export function outdatedFiles({ config, calls }: Fingerprint, flushed: boolean): OutdatedFiles {
  const savePoints = (config.get("save") ?? "") !== "";
  const keepsSnapshots = savePoints || config.get("rdb-del-sync-files") === "no";
  const isBefore7 = calls.has("config");
  return {
    snapshot: config.get("appendonly") === "no" && keepsSnapshots && !(savePoints && flushed),
    settings: isBefore7,
    users: isBefore7 && (config.get("aclfile") ?? "") !== "",
  };
}

/**
 * Has every node write the files again that its next start loads, from its data, settings and users as they are now.
 * Call it when these are restored. It takes about a tenth of a second if a snapshot has to be written, and no time if
 * there is no such file. The statistics and logs of nodes that wrote a file are reset again, because of the commands for it.
 *
 * @param flushed by shard: whether FLUSHALL was called on its primary.
 * @throws Error if a replica does not get all data, or a node does not answer; or the signal's reason.
 */
export async function rewriteFiles(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  { fingerprints }: Baseline,
  flushed: readonly boolean[],
  signal: AbortSignal,
): Promise<Rewritten> {
  const outdated = plan.nodes.map(({ index, shard }) =>
    outdatedFiles(fingerprints[index] as Fingerprint, flushed[shard] === true),
  );
  if (outdated.some(({ snapshot }) => snapshot)) await spreadData(plan, connections, signal);
  const unable = new Map<string, string>();
  const calls = await Promise.all(
    connections.map(async (connection, index) => {
      const files = outdated[index] as OutdatedFiles;
      if (!files.snapshot && !files.settings) return new Map<string, number>();
      const { sent, problem } = await rewrite(connection, files, signal);
      const { name } = connection.node;
      if (problem !== undefined) unable.set(name, `${name} did not rewrite a file: ${problem}`);
      return without(await markStatistics(connection), sent);
    }),
  );
  return { calls, unable };
}

/** Waits until all replicas have what their primaries have. */
async function spreadData(
  plan: ClusterPlan,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<void> {
  // WAIT is about the last write of its connection, and the data may have needed none.
  await probeShards(plan, connections, signal);
  await Promise.all(
    plan.shards.map((_, shard) =>
      poll(() => replicasHaveAll(plan, shard, connections), { everyMs: POLL_MS, signal }),
    ),
  );
}

/** Returns the commands that were sent, and why a file could not be written. */
async function rewrite(
  connection: NodeConnection,
  { snapshot, settings, users }: OutdatedFiles,
  signal: AbortSignal,
): Promise<{ readonly sent: readonly string[]; readonly problem: string | undefined }> {
  const others: readonly NodeCommand[] = [
    ...(settings ? [["CONFIG", "REWRITE"] as const] : []),
    ...(users ? [["ACL", "SAVE"] as const] : []),
  ];
  const outcomes = others.length === 0 ? [] : await connection.outcomes(others);
  const silent = outcomes.find((outcome) => outcome instanceof Error && !isErrorReply(outcome));
  if (silent !== undefined) throw silent;
  const failed = outcomes.findIndex((outcome) => outcome instanceof Error);
  const problem = failed === -1 ? undefined : `${others[failed]?.join(" ")}: ${messageOf(outcomes[failed])}`;
  if (!snapshot) return { sent: [], problem };
  const saved = await saveSnapshot(connection, signal);
  return { sent: saved.sent, problem: problem ?? saved.problem };
}

/** BGSAVE, because a server that takes long over SAVE is silent meanwhile; SAVE if the server has no BGSAVE. */
async function saveSnapshot(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<{ readonly sent: readonly string[]; readonly problem: string | undefined }> {
  const sent: string[] = [];
  const ask = async (command: string): Promise<unknown> => {
    sent.push(command.toLowerCase());
    const [outcome] = await connection.outcomes([[command]]);
    if (!(outcome instanceof Error)) return undefined;
    if (!isErrorReply(outcome) || BUSY.test(outcome.message)) throw outcome;
    return outcome;
  };
  const refusal = await poll(() => ask("BGSAVE"), { everyMs: POLL_MS, signal });
  if (refusal !== undefined) {
    const problem = await poll(() => ask("SAVE"), { everyMs: POLL_MS, signal });
    return { sent, problem: problem === undefined ? undefined : `SAVE: ${messageOf(problem)}` };
  }
  const status = await poll(
    async () => {
      const info = parseInfo(await connection.text("INFO", "persistence"));
      if (info.get("rdb_bgsave_in_progress") !== "0") throw new Error(`${connection.node.name} is saving`);
      return info.get("rdb_last_bgsave_status");
    },
    { everyMs: POLL_MS, signal },
  );
  return { sent, problem: status === "ok" ? undefined : `BGSAVE: its status is ${status}` };
}

/** Leaves out calls that were our own. */
function without(calls: ReadonlyMap<string, number>, sent: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    [...calls]
      .map(([name, count]) => [name, count - sent.filter((each) => each === name).length] as const)
      .filter(([, count]) => count > 0),
  );
}
