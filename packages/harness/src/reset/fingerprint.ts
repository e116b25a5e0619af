import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type AnsweredView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";
import { parseInfo } from "../view/parse-info.ts";

/** Everything that a reset compares of a node, and restores. */
export interface Fingerprint {
  readonly node: string;
  /** Another run id means another process. */
  readonly runId: string;
  /** When it was read, in milliseconds since the epoch by the clock of the node, which is the clock of its engine. */
  readonly at: number;
  /** All settings, the hidden ones too. */
  readonly config: ReadonlyMap<string, string>;
  /** Lines of ACL LIST. */
  readonly acl: readonly string[];
  /** The entries of MODULE LIST, with versions, paths and arguments. */
  readonly modules: string;
  readonly configEpoch: number;
  /** Messages on the cluster bus that only a failover brings, by kind, as CLUSTER INFO counts them. */
  readonly failoverMessages: ReadonlyMap<string, number>;
  /** INFO commandstats: how often each command was called. */
  readonly calls: ReadonlyMap<string, number>;
  readonly snapshots: Snapshots;
  readonly held: Held;
  readonly view: AnsweredView;
}

/** What a server has written to its data folder by itself. INFO persistence; CONFIG RESETSTAT sets the counters to 0. */
interface Snapshots {
  /** RDB files since the statistics were reset, those of syncs included. Before 7.0: when the last one was written. */
  readonly saves: number;
  /** Rewrites of the append-only file since then. */
  readonly rewrites: number;
  readonly saving: boolean;
  /** Bytes of the append-only file that are not written yet. */
  readonly unwritten: number;
  /** Full syncs that replicas got from this node since the statistics were reset. */
  readonly syncs: number;
  /** Another replication id of a replica means that it has got a full sync from another process. */
  readonly replicationId: string;
}

/** What a node holds of its use, as numbers that are 0 on a node that nobody has used. */
interface Held {
  /** In all databases. */
  readonly keys: number;
  readonly scripts: number;
  readonly functions: number;
  /** Reports by other nodes that a node has failed, which count in the next decision on that node. */
  readonly failureReports: number;
  /** Connections that replicate from this node. Not 0, but as many as the plan says. */
  readonly followers: number;
}

/** A role, not a setting. */
const NO_SETTINGS: ReadonlySet<string> = new Set(["slaveof", "replicaof"]);
const FAILOVER_MESSAGES = /^cluster_stats_messages_((?:fail|auth-req|auth-ack|mfstart)_(?:sent|received))$/;

/**
 * The settings that `CONFIG GET *` leaves out although CONFIG SET takes them: `configGetCommand` in config.c requires an
 * exact match for those with HIDDEN_CONFIG. From the tables of Redis 7.0 to 8.4 and Valkey 8.0 to 9.0, and from asking
 * Redis 7.0.15, 8.0.2 and Valkey 8.1 for every word in their binaries. A server leaves unknown names out of its reply.
 */
const HIDDEN_SETTINGS: readonly string[] = [
  "aof-disable-auto-gc",
  "client-default-resp",
  "cluster-ping-interval",
  "cluster-slot-migration-max-archived-tasks",
  "debug-context",
  "enable-debug-assert",
  "events-per-io-thread",
  "io-threads-always-active",
  "key-load-delay",
  "loading-process-events-interval-bytes",
  "lua-enable-deprecated-api",
  "lua-enable-insecure-api",
  "min-io-threads-avoid-copy-reply",
  "min-string-size-avoid-copy-reply",
  "min-string-size-avoid-copy-reply-threaded",
  "prefetch-batch-max-size",
  "rdb-key-save-delay",
  "repl-rdb-channel",
  "req-res-logfile",
  "use-exit-on-panic",
  "watchdog-period",
];

/**
 * Reads all of it from one node, in one round trip; in two from servers before 7.0.
 *
 * @param aboutFailures whether the node is asked about reports of failures, a question for each node of the cluster;
 * otherwise it counts as having none.
 */
export async function readFingerprint(
  connection: NodeConnection,
  plan: ClusterPlan,
  aboutFailures = false,
): Promise<Fingerprint> {
  const about = aboutFailures ? plan.nodes : [];
  const reports = about.map(({ id }): NodeCommand => ["CLUSTER", "COUNT-FAILURE-REPORTS", id]);
  const questions: readonly NodeCommand[] = [
    ["INFO", "server"],
    ["INFO", "commandstats"],
    ["INFO", "persistence"],
    ["INFO", "stats"],
    ["INFO", "memory"],
    ["INFO", "keyspace"],
    ["ACL", "LIST"],
    ["MODULE", "LIST"],
    ...VIEW_COMMANDS,
  ];
  const [config, ...outcomes] = await connection.outcomes([
    ["CONFIG", "GET", "*", ...HIDDEN_SETTINGS],
    ...questions,
    ...reports,
  ]);
  const failed = outcomes.slice(0, questions.length).find((outcome) => outcome instanceof Error);
  if (failed !== undefined) throw failed;
  const [server, commands, persistence, stats, memory, keyspace, acl, modules, ...rest] = outcomes;
  const answers = rest.slice(0, VIEW_COMMANDS.length).map(String);
  const [, clusterText = "", replicationText = ""] = answers;
  const clusterInfo = parseInfo(clusterText);
  const serverInfo = parseInfo(String(server));
  const memoryInfo = parseInfo(String(memory));
  return {
    node: connection.node.name,
    runId: serverInfo.get("run_id") ?? "",
    at: Number(serverInfo.get("server_time_usec")) / 1_000,
    // Before 7.0 CONFIG GET takes one name only, and no setting is hidden.
    config: settings(config instanceof Error ? await connection.reply("CONFIG", "GET", "*") : config),
    acl: (acl as readonly string[]).map(withoutDefaultFlag),
    modules: modulesOf(modules as readonly unknown[]),
    configEpoch: Number(clusterInfo.get("cluster_my_epoch")),
    failoverMessages: failoverMessages(clusterInfo),
    calls: parseCalls(String(commands)),
    snapshots: snapshotsOf(parseInfo([persistence, stats, replicationText].join("\r\n"))),
    held: {
      keys: keysIn(parseInfo(String(keyspace))),
      scripts: Number(memoryInfo.get("number_of_cached_scripts") ?? 0),
      functions: Number(memoryInfo.get("number_of_functions") ?? 0),
      // A node that does not know another one has no reports about it, and replies with an error.
      failureReports: outcomes
        .slice(questions.length)
        .reduce<number>((sum, count) => sum + (count instanceof Error ? 0 : Number(count)), 0),
      followers: Number(parseInfo(replicationText).get("connected_slaves") ?? 0),
    },
    view: parseNodeView(connection.node.name, answers),
  };
}

/** The counts of messages that only a failover brings, from CLUSTER INFO. */
export function failoverMessages(clusterInfo: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  return new Map(
    [...clusterInfo].flatMap(([field, count]) => {
      const kind = FAILOVER_MESSAGES.exec(field)?.[1];
      return kind === undefined ? [] : [[kind, Number(count)] as const];
    }),
  );
}

/**
 * The default user of Redis 7.0 begins without the flag that ACL SETUSER sets from then on. It means the same: only its
 * opposite, `skip-sanitize-payload`, is ever looked at (`rdbLoadObject` in rdb.c).
 */
function withoutDefaultFlag(user: string): string {
  return user.replace(" sanitize-payload", "");
}

/** Names and values in turn. */
function settings(reply: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!Array.isArray(reply)) return found;
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const name = String(reply[index]);
    if (!NO_SETTINGS.has(name)) found.set(name, String(reply[index + 1]));
  }
  return found;
}

/** MODULE LIST walks a hash table (`addReplyLoadedModules` in module.c), so the order differs between processes. */
export function modulesOf(reply: readonly unknown[]): string {
  return JSON.stringify(reply.map((entry) => JSON.stringify(entry)).toSorted());
}

function snapshotsOf(info: ReadonlyMap<string, string>): Snapshots {
  const count = (field: string): number => Number(info.get(field) ?? 0);
  return {
    saves: info.has("rdb_saves") ? count("rdb_saves") : count("rdb_last_save_time"),
    rewrites: info.has("aof_rewrites") ? count("aof_rewrites") : count("aof_last_rewrite_time_sec"),
    saving: info.get("rdb_bgsave_in_progress") === "1",
    unwritten: count("aof_buffer_length"),
    syncs: count("sync_full"),
    replicationId: info.get("master_replid") ?? "",
  };
}

/** `db0:keys=12,expires=0,avg_ttl=0`, one line for each database that has keys (Valkey 9 has several in a cluster). */
function keysIn(keyspace: ReadonlyMap<string, string>): number {
  let keys = 0;
  for (const [name, value] of keyspace) {
    if (/^db\d+$/.test(name)) keys += Number(/^keys=(\d+)/.exec(value)?.[1] ?? Number.NaN);
  }
  return keys;
}

/** `cmdstat_config|set:calls=4,usec=11,…`, by the command's name. */
export function parseCalls(commandStats: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [field, value] of parseInfo(commandStats)) {
    const name = /^cmdstat_(.+)$/.exec(field)?.[1];
    const calls = /^calls=(\d+)/.exec(value)?.[1];
    if (name !== undefined && calls !== undefined) found.set(name.toLowerCase(), Number(calls));
  }
  return found;
}
