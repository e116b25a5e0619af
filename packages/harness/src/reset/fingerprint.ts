import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type AnsweredView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";
import { parseInfo, serverVersion } from "../view/parse-info.ts";

/**
 * The state of a node that a reset compares and restores. Processes that share a cluster send it to each other, so the names of
 * its properties are part of their protocol.
 */
export interface Fingerprint {
  readonly node: string;
  /** A different run id means a different process. */
  readonly runId: string;
  /** When the fingerprint was read, in milliseconds since the epoch. The clock of the node is the clock of its engine. */
  readonly at: number;
  /** The values of all settings by name, including hidden settings. */
  readonly config: ReadonlyMap<string, string>;
  /** The lines of ACL LIST. */
  readonly acl: readonly string[];
  /** The entries of MODULE LIST, with versions, paths and arguments. */
  readonly modules: string;
  readonly configEpoch: number;
  /** The numbers of cluster bus messages that only a failover causes, by kind, from CLUSTER INFO. */
  readonly failoverMessages: ReadonlyMap<string, number>;
  /** How often each command was called, from INFO commandstats. */
  readonly calls: ReadonlyMap<string, number>;
  readonly snapshots: Snapshots;
  readonly held: UsageCounts;
  readonly view: AnsweredView;
}

/** What a server has written to its data folder by itself, from INFO persistence. CONFIG RESETSTAT sets the counters to 0. */
interface Snapshots {
  /**
   * The number of RDB files since the statistics were reset, including files of syncs. Before 7.0: when the last one was written.
   */
  readonly saves: number;
  /** The number of rewrites of the append-only file since the statistics were reset. Before 7.0: how long the last one took. */
  readonly rewrites: number;
  /** Whether a snapshot is being written. */
  readonly saving: boolean;
  /** The number of bytes of the append-only file that are not written yet. */
  readonly unwritten: number;
  /** The number of full syncs that this node has sent to replicas since the statistics were reset. */
  readonly syncs: number;
  /** A different replication id of a replica means that the replica has received a full sync from another process. */
  readonly replicationId: string;
}

/** Counts of what the use of a node leaves behind. All but `followers` are 0 on an unused node without a seed. */
interface UsageCounts {
  /** The number of keys in all databases. */
  readonly keys: number;
  readonly scripts: number;
  readonly functions: number;
  /** The number of reports by other nodes that a node has failed. They count in the next decision about that node. */
  readonly failureReports: number;
  /** The number of connections that replicate from this node. On an unused node it is the planned number. */
  readonly followers: number;
}

/** CONFIG GET lists these names too, but they are the role of the node and not a setting. */
const ROLE_SETTINGS: ReadonlySet<string> = new Set(["slaveof", "replicaof"]);
const FAILOVER_MESSAGES = /^cluster_stats_messages_((?:fail|auth-req|auth-ack|mfstart)_(?:sent|received))$/;

/**
 * The settings that CONFIG SET accepts but `CONFIG GET *` omits: `configGetCommand` in config.c requires an exact match for
 * settings with HIDDEN_CONFIG. The list is from the tables of Redis 7.0 to 8.4 and Valkey 8.0 to 9.0, and from querying Redis
 * 7.0.15, 8.0.2 and Valkey 8.1 for every word in their binaries. A server omits unknown names from its reply.
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
 * Reads the fingerprint of a node in one round trip, or in two from servers before 7.0.
 *
 * @param withFailureReports whether to query the number of failure reports, with one command for each node of the cluster. If
 * not, the number is 0.
 * @throws Error if a query fails.
 */
export async function readFingerprint(
  connection: NodeConnection,
  plan: ClusterPlan,
  withFailureReports = false,
): Promise<Fingerprint> {
  const reportedNodes = withFailureReports ? plan.nodes : [];
  const reportQueries = reportedNodes.map(({ id }): NodeCommand => ["CLUSTER", "COUNT-FAILURE-REPORTS", id]);
  const queries: readonly NodeCommand[] = [
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
    ...queries,
    ...reportQueries,
  ]);
  const failed = outcomes.slice(0, queries.length).find((outcome) => outcome instanceof Error);
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
    // Before 7.0, CONFIG GET accepts one name only, and no setting is hidden.
    config: parseSettings(config instanceof Error ? await connection.reply("CONFIG", "GET", "*") : config),
    acl: (acl as readonly string[]).map((user) => canonicalUser(user, serverInfo)),
    modules: canonicalModules(modules as readonly unknown[]),
    configEpoch: Number(clusterInfo.get("cluster_my_epoch")),
    failoverMessages: parseFailoverMessages(clusterInfo),
    calls: parseCalls(String(commands)),
    snapshots: parseSnapshots(parseInfo([persistence, stats, replicationText].join("\r\n"))),
    held: {
      keys: countKeys(parseInfo(String(keyspace))),
      scripts: Number(memoryInfo.get("number_of_cached_scripts") ?? 0),
      functions: Number(memoryInfo.get("number_of_functions") ?? 0),
      // The reply is an error if the node does not know the other node. Then it has no reports about that node.
      failureReports: outcomes
        .slice(queries.length)
        .reduce<number>((sum, count) => sum + (count instanceof Error ? 0 : Number(count)), 0),
      followers: Number(parseInfo(replicationText).get("connected_slaves") ?? 0),
    },
    view: parseNodeView(connection.node.name, answers),
  };
}

/** Returns the numbers of messages that only a failover causes, by kind, from the fields of CLUSTER INFO. */
export function parseFailoverMessages(clusterInfo: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  return new Map(
    [...clusterInfo].flatMap(([field, count]) => {
      const kind = FAILOVER_MESSAGES.exec(field)?.[1];
      return kind === undefined ? [] : [[kind, Number(count)] as const];
    }),
  );
}

/**
 * Converts a line of ACL LIST, so that equivalent users of different processes are equal.
 *
 * - It removes a flag that the users of Redis 7.0 do not have until the first ACL SETUSER, which sets it. The server only checks the
 *   opposite flag, `skip-sanitize-payload` (`rdbLoadObject` in rdb.c).
 * - It sorts the rules of single commands of servers before 7.2, which derive them from the allowed commands and print them in the
 *   order of a hash table (`ACLDescribeSelectorCommandRules` in acl.c), which each process has in another order. Newer servers
 *   print them in the order in which they were set, and that order has a meaning.
 */
export function canonicalUser(user: string, serverInfo: ReadonlyMap<string, string>): string {
  const sameFlags = user.replace(" sanitize-payload", "");
  const { major, minor } = serverVersion(serverInfo);
  if (major > 7 || (major === 7 && minor >= 2)) return sameFlags;
  return sameFlags.replaceAll(/[+-][^@\s)]\S*[^\s)](?: [+-][^@\s)]\S*[^\s)])+/g, (rules) =>
    rules.split(" ").toSorted(byCommand).join(" "),
  );
}

/** A command before its subcommands, whose rules are exceptions to its rule. */
function byCommand(one: string, other: string): number {
  return one.slice(1) < other.slice(1) ? -1 : 1;
}

/** Parses the reply of CONFIG GET, in which names and values alternate. */
function parseSettings(reply: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!Array.isArray(reply)) return found;
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const name = String(reply[index]);
    if (!ROLE_SETTINGS.has(name)) found.set(name, String(reply[index + 1]));
  }
  return found;
}

/**
 * Returns the reply of MODULE LIST in a canonical order. Its own order differs between processes, because the server iterates
 * over a hash table (`addReplyLoadedModules` in module.c).
 */
export function canonicalModules(reply: readonly unknown[]): string {
  return JSON.stringify(reply.map((entry) => JSON.stringify(entry)).toSorted());
}

function parseSnapshots(info: ReadonlyMap<string, string>): Snapshots {
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

/**
 * Returns the number of keys from INFO keyspace. It has a line such as `db0:keys=12,expires=0,avg_ttl=0` for each database with
 * keys (Valkey 9 has several databases in a cluster).
 */
function countKeys(keyspace: ReadonlyMap<string, string>): number {
  let keys = 0;
  for (const [name, value] of keyspace) {
    if (/^db\d+$/.test(name)) keys += Number(/^keys=(\d+)/.exec(value)?.[1] ?? Number.NaN);
  }
  return keys;
}

/** Returns the call counts by command name from INFO commandstats, whose lines are `cmdstat_config|set:calls=4,usec=11,…`. */
export function parseCalls(commandStats: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [field, value] of parseInfo(commandStats)) {
    const name = /^cmdstat_(.+)$/.exec(field)?.[1];
    const calls = /^calls=(\d+)/.exec(value)?.[1];
    if (name !== undefined && calls !== undefined) found.set(name.toLowerCase(), Number(calls));
  }
  return found;
}
