import type { NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";

// The effects of the called commands decide whether a process can be kept. There are three kinds of commands: commands whose
// effects are known and reverted, commands whose effects are known and last, and all others. For these the server is queried.

/** Subcommands that only read, or whose effects a reset reverts and verifies, by the name of their container command. */
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

/** The same for commands without subcommands. Commands for data are listed only if this library uses them itself. */
const HARMLESS_COMMANDS =
  "asking auth del discard dump echo exec flushall flushdb get hello info lastsave monitor multi pfselftest ping psync pttl quit readonly readwrite replconf replicaof reset restore role scan select set sflush slaveof swapdb sync time unlink unwatch wait waitaof";

// A cluster rejects REPLICAOF and SLAVEOF (`replicaofCommand`), and SWAPDB. SYNC, PSYNC and REPLCONF turn a connection into the
// connection of a replica; a reset compares the number of these connections. Servers before 7.0 count only the container commands;
// rewrite-files.ts restores what this hides.
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
 * Commands with effects that no command reverts with certainty: switches of DEBUG, files that the next start of the server would
 * load, loaded code, ids that are refused for a minute after CLUSTER FORGET, votes, slots and epochs.
 */
const LASTING =
  /^(?:debug|pfdebug|save|bgsave|bgrewriteaof|shutdown|failover)(?:\||$)|^config\|rewrite$|^acl\|(?:save|load)$|^module\|(?:load|loadex|unload)$|^script\|debug$|^cluster\|(?:addslots|addslotsrange|bumpepoch|delslots|delslotsrange|failover|flushslots|forget|meet|migration|migrateslots|cancelslotmigrations|replicate|reset|saveconfig|set-config-epoch|setslot)$/;

/**
 * Returns the called commands whose effects certainly last, except CLUSTER commands. Forming a cluster needs CLUSTER commands, so
 * after a formation they are the library's own.
 */
export function findLastingNonClusterCommands(calls: ReadonlyMap<string, number>): readonly string[] {
  return [...calls.keys()].filter((name) => LASTING.test(name) && !name.startsWith("cluster|"));
}

/** Whether the commands that this file does not name leave only data behind, by cluster and command name. */
const learnedEffects = new WeakMap<ClusterPlan, Map<string, boolean>>();

/**
 * Returns the called commands whose effects last or are unknown. Queries the server, in one round trip, for commands that this
 * file does not name, once for each cluster and command.
 */
export async function findLastingCommands(
  plan: ClusterPlan,
  connection: NodeConnection,
  calls: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const known = learnedEffects.get(plan) ?? new Map<string, boolean>();
  learnedEffects.set(plan, known);
  const unnamed = [...calls.keys()].filter((name) => !HARMLESS.has(name) && !LASTING.test(name));
  const queried = unnamed.filter((name) => !known.has(name));
  if (queried.length > 0) {
    const [entries] = await connection.outcomes([["COMMAND", "INFO", ...queried]]);
    // If the server does not have COMMAND, the effects of all commands that this file does not name are unknown.
    if (!Array.isArray(entries)) return [...calls.keys()].filter((name) => !HARMLESS.has(name));
    for (const [index, name] of queried.entries()) known.set(name, leavesOnlyData(name, entries[index]));
  }
  return [...calls.keys()].filter((name) => LASTING.test(name) || known.get(name) === false);
}

/**
 * Returns whether a command leaves nothing behind but keys, which FLUSHALL deletes, or messages. According to COMMAND INFO, that
 * is a command that is not for administrators, and that has keys, only reads, or publishes. A command of a module that concerns
 * settings, debugging or search indexes may keep state outside of the keys.
 *
 * @param entry the entry of COMMAND INFO. It is missing for an internal command of a module, which only servers can call
 * (`CMD_INTERNAL`, Redis 8.0), and for a command that was renamed or unloaded.
 */
export function leavesOnlyData(name: string, entry: unknown): boolean {
  const hasModuleName = name.includes(".");
  if (!Array.isArray(entry)) return hasModuleName;
  const [, , flagList, firstKey]: readonly unknown[] = entry;
  const flags = new Set(Array.isArray(flagList) ? flagList.map(String) : ["admin"]);
  if (flags.has("admin")) return false;
  const hasKeys = Number(firstKey) > 0 || flags.has("movablekeys");
  const isReadOnly = flags.has("readonly");
  if (flags.has("module") || hasModuleName) {
    if (/config|debug/i.test(name)) return false;
    return isReadOnly || (hasKeys && !/^_?ft\./i.test(name));
  }
  return hasKeys || isReadOnly || flags.has("pubsub");
}
