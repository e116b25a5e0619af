import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

// What a command leaves behind decides whether a process can be kept. There are three kinds: commands whose effects are
// known and reverted, commands whose effects are known and last, and all others, about which the server is asked.

/** Subcommands that read, or whose effects a reset reverts and verifies, by container. */
const HARMLESS_SUBCOMMANDS: Readonly<Record<string, string>> = {
  acl: "cat deluser dryrun genpass getuser list log setuser users whoami",
  client:
    "caching capa getname getredir id import-source info kill list no-evict no-touch pause reply setinfo setname tracking trackinginfo unblock unpause",
  cluster:
    "count-failure-reports countkeysinslot flushslot getkeysinslot getslotmigrations info keyslot links myid myshardid nodes replicas shards slaves slot-stats slots",
  command: "count docs getkeys getkeysandflags info list",
  commandlog: "get len reset",
  config: "get resetstat set",
  function: "delete dump flush kill list load restore stats",
  hotkeys: "get",
  latency: "doctor graph histogram history latest reset",
  memory: "doctor malloc-stats purge stats usage",
  module: "list",
  object: "encoding freq idletime refcount",
  pubsub: "channels numpat numsub shardchannels shardnumsub",
  script: "exists flush kill load show",
  slowlog: "get len reset",
  xgroup: "",
  xinfo: "",
};

/** The same for commands without subcommands. Of data commands only those that this library uses itself. */
const HARMLESS_COMMANDS =
  "asking auth del discard dump echo exec flushall flushdb get hello info lastsave monitor multi pfselftest ping psync pttl quit readonly readwrite replconf replicaof reset restore role scan select set sflush slaveof swapdb sync time unlink unwatch wait waitaof";

// REPLICAOF and SLAVEOF are refused in a cluster (`replicaofCommand`), and so is SWAPDB. SYNC, PSYNC and REPLCONF make a
// connection a replica's; a reset compares how many there are. Servers before 7.0 count the containers only: for what
// that hides, see rewrite-files.ts.
const HARMLESS: ReadonlySet<string> = new Set([
  ...HARMLESS_COMMANDS.split(" "),
  ...Object.entries(HARMLESS_SUBCOMMANDS).flatMap(([container, names]) => [
    container,
    ...`help ${names}`
      .trim()
      .split(" ")
      .map((name) => `${container}|${name}`),
  ]),
]);

/**
 * Commands with effects that no command reverts for certain: switches of DEBUG, files that the next start of the server
 * would load, code that was loaded, ids that are forgotten for a minute, votes, slots and epochs.
 */
const LASTING =
  /^(?:debug|pfdebug|save|bgsave|bgrewriteaof|shutdown|failover)(?:\||$)|^config\|rewrite$|^acl\|(?:save|load)$|^module\|(?:load|loadex|unload)$|^script\|debug$|^cluster\|(?:addslots|addslotsrange|bumpepoch|delslots|delslotsrange|failover|flushslots|forget|meet|migration|migrateslots|cancelslotmigrations|replicate|reset|saveconfig|set-config-epoch|setslot)$/;

/**
 * Returns those of the called commands whose effects last for certain, but for those of the cluster, which forming one
 * needs: after a forming they are the library's own.
 */
export function findLastingNonClusterCommands(calls: ReadonlyMap<string, number>): readonly string[] {
  return [...calls.keys()].filter((name) => LASTING.test(name) && !name.startsWith("cluster|"));
}

/** Whether commands that this file does not name leave only data behind, by cluster and name. */
const learned = new WeakMap<ClusterPlan, Map<string, boolean>>();

/**
 * Returns those of the called commands whose effects last, or are unknown. The server is asked, in one round trip, about
 * commands that this file does not name and that it has not been asked about on this cluster.
 */
export async function findLastingCommands(
  plan: ClusterPlan,
  connection: NodeConnection,
  calls: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const known = learned.get(plan) ?? new Map<string, boolean>();
  learned.set(plan, known);
  const unnamed = [...calls.keys()].filter((name) => !HARMLESS.has(name) && !LASTING.test(name));
  const asked = unnamed.filter((name) => !known.has(name));
  if (asked.length > 0) {
    const [entries] = await connection.outcomes([["COMMAND", "INFO", ...asked]]);
    // On a server without COMMAND everything that this file does not name is unknown.
    if (!Array.isArray(entries)) return [...calls.keys()].filter((name) => !HARMLESS.has(name));
    for (const [index, name] of asked.entries()) known.set(name, leavesOnlyData(name, entries[index]));
  }
  return [...calls.keys()].filter((name) => LASTING.test(name) || known.get(name) === false);
}

/**
 * Returns whether a command leaves nothing behind but keys, which FLUSHALL deletes, or messages, by what COMMAND INFO
 * says of it: it is not an administrator's, and it has keys, only reads, or publishes. A module's command that is about
 * settings, debugging or search indexes may keep state outside the keys.
 *
 * @param entry the entry of COMMAND INFO. It is missing for a module's internal command, which only servers can call
 * (`CMD_INTERNAL`, Redis 8.0), and for one that was renamed or unloaded.
 */
export function leavesOnlyData(name: string, entry: unknown): boolean {
  const isModules = /[.]/.test(name);
  if (!Array.isArray(entry)) return isModules;
  const [, , flagList, firstKey]: readonly unknown[] = entry;
  const flags = new Set(Array.isArray(flagList) ? flagList.map(String) : ["admin"]);
  if (flags.has("admin")) return false;
  const hasKeys = Number(firstKey) > 0 || flags.has("movablekeys");
  const onlyReads = flags.has("readonly");
  if (flags.has("module") || isModules) {
    if (/config|debug/i.test(name)) return false;
    return onlyReads || (hasKeys && !/^_?ft\./i.test(name));
  }
  return hasKeys || onlyReads || flags.has("pubsub");
}
