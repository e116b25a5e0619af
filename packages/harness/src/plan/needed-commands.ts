/** A command that the library sends to every node, and that no other command can replace. */
export interface NeededCommand {
  /** The name in lower case, with the subcommand if there is one: `config|set`. */
  readonly name: string;
  /** Completes "the library needs it to …". */
  readonly purpose: string;
  /** The ACL categories, without `@` (`ACL CAT`, Redis 7). */
  readonly categories: readonly string[];
}

const ADMIN = ["admin", "slow", "dangerous"] as const;
const FORM = "form and repair the cluster";
const READ_VIEWS = "read the nodes' views of the cluster";
const VERIFY_WRITES = "verify that every shard accepts writes";
const RESET = "reset the cluster and verify the reset";

/** The commands that every cluster needs. */
export const NEEDED_COMMANDS: readonly NeededCommand[] = [
  { name: "cluster|info", purpose: READ_VIEWS, categories: ["slow"] },
  { name: "cluster|nodes", purpose: READ_VIEWS, categories: ["slow"] },
  { name: "cluster|slots", purpose: READ_VIEWS, categories: ["slow"] },
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
  { name: "info", purpose: READ_VIEWS, categories: ["slow", "dangerous"] },
  { name: "ping", purpose: "check whether a node answers", categories: ["fast", "connection"] },
  { name: "set", purpose: VERIFY_WRITES, categories: ["write", "string", "slow"] },
  { name: "get", purpose: VERIFY_WRITES, categories: ["read", "string", "fast"] },
  { name: "del", purpose: VERIFY_WRITES, categories: ["keyspace", "write", "slow"] },
  {
    name: "wait",
    purpose: "verify that replicas have received all writes",
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

const LOAD_SEED = "load the data of `seed` and return to it";

/** The additional commands that a cluster with a seed needs. */
export const SEED_COMMANDS: readonly NeededCommand[] = [
  { name: "dump", purpose: LOAD_SEED, categories: ["keyspace", "read", "slow"] },
  { name: "restore", purpose: LOAD_SEED, categories: ["keyspace", "write", "slow", "dangerous"] },
  { name: "pttl", purpose: LOAD_SEED, categories: ["keyspace", "read", "fast"] },
  { name: "scan", purpose: LOAD_SEED, categories: ["keyspace", "read", "slow"] },
  { name: "unlink", purpose: LOAD_SEED, categories: ["keyspace", "write", "fast"] },
  { name: "readonly", purpose: LOAD_SEED, categories: ["fast", "connection"] },
  { name: "readwrite", purpose: LOAD_SEED, categories: ["fast", "connection"] },
  { name: "command", purpose: LOAD_SEED, categories: ["slow", "connection"] },
];

/** The commands that replicas send to their primary (`syncWithMaster` in replication.c). */
export const REPLICATION_COMMANDS: readonly NeededCommand[] = [
  { name: "ping", purpose: "", categories: ["fast", "connection"] },
  { name: "psync", purpose: "", categories: ADMIN },
  { name: "replconf", purpose: "", categories: ADMIN },
];

/** The commands that client libraries and replicas send by their original names. They cannot be renamed. */
const FIXED_NAMES: ReadonlySet<string> = new Set([
  ...["auth", "client", "cluster", "del", "exec", "get", "hello", "info", "multi"],
  ...["ping", "psync", "replconf", "set", "wait"],
]);

/**
 * Returns the purpose of a command that must not be removed or renamed. It completes "the library needs it to …". Returns
 * undefined if the change is allowed.
 *
 * @param command the name in upper or lower case, without a subcommand.
 */
export function findPurpose(command: string, change: "removed" | "renamed"): string | undefined {
  const name = command.toLowerCase();
  if (change === "renamed" && !FIXED_NAMES.has(name)) return undefined;
  if (name === "auth" || name === "hello")
    return "log in and to negotiate the protocol, as every client does";
  if (name === "psync" || name === "replconf") return "replicate, because the servers send it by this name";
  const needed = NEEDED_COMMANDS.filter((neededCommand) => neededCommand.name.split("|")[0] === name);
  const purposes = [...new Set(needed.map(({ purpose }) => purpose))];
  return purposes.length === 0 ? undefined : purposes.join(", and to ");
}

/**
 * Returns the commands that a user with these rules of ACL SETUSER may not execute. The user starts without rights, and the last
 * rule about a command applies (`ACLSetUser` in acl.c). Returns undefined if the rules contain selectors, which can only add
 * rights.
 */
export function findForbiddenCommands(
  rules: readonly string[],
  commands: readonly NeededCommand[],
): readonly NeededCommand[] | undefined {
  const allowed = new Set<NeededCommand>();
  for (const rule of rules.map((text) => text.toLowerCase())) {
    if (rule.startsWith("(")) return undefined;
    if (rule === "reset" || rule === "nocommands") allowed.clear();
    const [sign, name] = rule === "allcommands" ? ["+", "@all"] : [rule.slice(0, 1), rule.slice(1)];
    if (sign !== "+" && sign !== "-") continue;
    for (const command of commands) {
      const isMeant = name.startsWith("@")
        ? name === "@all" || command.categories.includes(name.slice(1))
        : command.name === name || command.name.split("|")[0] === name;
      if (isMeant && sign === "+") allowed.add(command);
      else if (isMeant) allowed.delete(command);
    }
  }
  return commands.filter((command) => !allowed.has(command));
}
