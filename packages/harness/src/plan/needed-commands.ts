/** A command that the library sends to every node, and cannot replace by another one. */
export interface NeededCommand {
  /** In lower case, with its subcommand if it has one: `config|set`. */
  readonly name: string;
  /** Completes "the library needs it to …". */
  readonly purpose: string;
  /** ACL categories, without `@` (`ACL CAT`, Redis 7). */
  readonly categories: readonly string[];
}

const ADMIN = ["admin", "slow", "dangerous"] as const;
const FORM = "form and repair the cluster";
const LOOK = "read the nodes' views of the cluster";
const PROVE = "verify that every shard takes writes";
const RESET = "reset the cluster and to prove it";

export const NEEDED_COMMANDS: readonly NeededCommand[] = [
  { name: "cluster|info", purpose: LOOK, categories: ["slow"] },
  { name: "cluster|nodes", purpose: LOOK, categories: ["slow"] },
  { name: "cluster|slots", purpose: LOOK, categories: ["slow"] },
  ...["addslots", "failover", "forget", "meet", "replicate", "reset", "set-config-epoch"].map(
    (subcommand) => ({
      name: `cluster|${subcommand}`,
      purpose: FORM,
      categories: ADMIN,
    }),
  ),
  { name: "config|get", purpose: RESET, categories: ADMIN },
  { name: "config|set", purpose: FORM, categories: ADMIN },
  { name: "config|resetstat", purpose: RESET, categories: ADMIN },
  { name: "info", purpose: LOOK, categories: ["slow", "dangerous"] },
  { name: "ping", purpose: "see whether a node answers", categories: ["fast", "connection"] },
  { name: "set", purpose: PROVE, categories: ["write", "string", "slow"] },
  { name: "get", purpose: PROVE, categories: ["read", "string", "fast"] },
  { name: "del", purpose: PROVE, categories: ["keyspace", "write", "slow"] },
  {
    name: "wait",
    purpose: "prove that replicas have everything",
    categories: ["slow", "blocking", "connection"],
  },
  { name: "acl|list", purpose: RESET, categories: ADMIN },
  { name: "acl|setuser", purpose: RESET, categories: ADMIN },
  { name: "acl|deluser", purpose: RESET, categories: ADMIN },
  { name: "module|list", purpose: RESET, categories: ADMIN },
  { name: "client|kill", purpose: RESET, categories: [...ADMIN, "connection"] },
  { name: "multi", purpose: RESET, categories: ["fast", "transaction"] },
  { name: "exec", purpose: RESET, categories: ["slow", "transaction"] },
  { name: "lastsave", purpose: RESET, categories: ["admin", "fast", "dangerous"] },
];

const SEED = "load the data of `seed` and return to it";

/** Further commands that a cluster with a seed needs. */
export const SEED_COMMANDS: readonly NeededCommand[] = [
  { name: "dump", purpose: SEED, categories: ["keyspace", "read", "slow"] },
  { name: "restore", purpose: SEED, categories: ["keyspace", "write", "slow", "dangerous"] },
  { name: "pttl", purpose: SEED, categories: ["keyspace", "read", "fast"] },
  { name: "scan", purpose: SEED, categories: ["keyspace", "read", "slow"] },
  { name: "unlink", purpose: SEED, categories: ["keyspace", "write", "fast"] },
  { name: "readonly", purpose: SEED, categories: ["fast", "connection"] },
  { name: "readwrite", purpose: SEED, categories: ["fast", "connection"] },
  { name: "command", purpose: SEED, categories: ["slow", "connection"] },
];

/** Commands by which replicas speak to their primary (`syncWithMaster` in replication.c). */
export const REPLICATION_COMMANDS: readonly NeededCommand[] = [
  { name: "ping", purpose: "", categories: ["fast", "connection"] },
  { name: "psync", purpose: "", categories: ADMIN },
  { name: "replconf", purpose: "", categories: ADMIN },
];

/** Commands that client libraries and replicas send by their own names, and so cannot be renamed. */
const FIXED_NAMES: ReadonlySet<string> = new Set([
  ...["auth", "client", "cluster", "del", "exec", "get", "hello", "info", "multi"],
  ...["ping", "psync", "replconf", "set", "wait"],
]);

/**
 * Why a command may not be removed, or may not get another name: completes "the library needs it to …". Undefined if
 * it may.
 *
 * @param command in any case, without a subcommand.
 */
export function whyNeeded(command: string, change: "removed" | "renamed"): string | undefined {
  const name = command.toLowerCase();
  if (change === "renamed" && !FIXED_NAMES.has(name)) return undefined;
  if (name === "auth" || name === "hello") return "log in and to agree on a protocol, as every client does";
  if (name === "psync" || name === "replconf") return "replicate, as the servers do by that name";
  const uses = NEEDED_COMMANDS.filter((each) => each.name.split("|")[0] === name);
  const purposes = [...new Set(uses.map(({ purpose }) => purpose))];
  return purposes.length === 0 ? undefined : purposes.join(", and to ");
}

/**
 * Which of some commands the rules of ACL SETUSER forbid to a user that starts with no rights (`ACLSetUser` in acl.c:
 * the last rule about a command wins). Undefined if the rules have selectors, which can only add rights.
 */
export function forbiddenCommands(
  rules: readonly string[],
  commands: readonly NeededCommand[],
): readonly NeededCommand[] | undefined {
  const allowed = new Set<NeededCommand>();
  for (const rule of rules.map((each) => each.toLowerCase())) {
    if (rule.startsWith("(")) return undefined;
    if (rule === "reset" || rule === "nocommands") allowed.clear();
    const [sign, what] = rule === "allcommands" ? ["+", "@all"] : [rule.slice(0, 1), rule.slice(1)];
    if (sign !== "+" && sign !== "-") continue;
    for (const command of commands) {
      const meant = what.startsWith("@")
        ? what === "@all" || command.categories.includes(what.slice(1))
        : command.name === what || command.name.split("|")[0] === what;
      if (meant && sign === "+") allowed.add(command);
      else if (meant) allowed.delete(command);
    }
  }
  return commands.filter((command) => !allowed.has(command));
}
