import type { NodeCommand } from "../clients/node-connection.ts";

/** A log in the memory of a server. A server without this log replies with an error to both commands. */
export interface ServerLog {
  /** As in `node-0 has entries in its slow log`. */
  readonly description: string;
  /** Queries the entries. The reply is their number, or a list of them. */
  readonly query: NodeCommand;
  readonly clear: NodeCommand;
}

/** The logs of Redis and Valkey. The logs of large requests and of large replies are in Valkey 8.1 and newer only. */
export const SERVER_LOGS: readonly ServerLog[] = [
  // More entries than servers keep by default (`slowlog-max-len` 128).
  { description: "its slow log", query: ["SLOWLOG", "GET", "1000"], clear: ["SLOWLOG", "RESET"] },
  {
    description: "its log of large requests",
    query: ["COMMANDLOG", "LEN", "large-request"],
    clear: ["COMMANDLOG", "RESET", "large-request"],
  },
  {
    description: "its log of large replies",
    query: ["COMMANDLOG", "LEN", "large-reply"],
    clear: ["COMMANDLOG", "RESET", "large-reply"],
  },
  { description: "its latency events", query: ["LATENCY", "LATEST"], clear: ["LATENCY", "RESET"] },
  { description: "its ACL log", query: ["ACL", "LOG", "1"], clear: ["ACL", "LOG", "RESET"] },
];

/** Commands with which this library and every client query a node. On a busy machine, each of them may be slow at any time. */
const ROUTINE_COMMANDS: ReadonlySet<string> = new Set([
  ...[
    "ACL",
    "AUTH",
    "CLIENT",
    "CLUSTER",
    "COMMAND",
    "COMMANDLOG",
    "CONFIG",
    "FUNCTION",
    "HELLO",
    "INFO",
    "LASTSAVE",
    "LATENCY",
  ],
  ...["MODULE", "PING", "READONLY", "REPLCONF", "SLOWLOG", "TIME"],
]);

/**
 * Returns a description of the entries of a log, or undefined if it has none: `entries in its slow log (KEYS, SORT)`. In the slow
 * log, commands that only query a node do not count.
 *
 * @param log the log that was queried.
 * @param reply the reply to the query of the log.
 * @param commandNames the new names of renamed commands, by their original names.
 */
export function describeEntries(
  { description }: ServerLog,
  reply: unknown,
  commandNames: Readonly<Record<string, string>>,
): string | undefined {
  const found = `entries in ${description}`;
  if (!Array.isArray(reply)) return Number(reply) > 0 ? found : undefined;
  const originals = new Map(
    Object.entries(commandNames).map(([original, renamed]) => [renamed.toUpperCase(), original]),
  );
  const commands = reply.map((entry: unknown) => {
    const name = commandOf(entry)?.toUpperCase();
    return name === undefined ? undefined : (originals.get(name) ?? name);
  });
  const counted = commands.filter((name) => name === undefined || !ROUTINE_COMMANDS.has(name));
  if (counted.length === 0) return undefined;
  const names = [...new Set(counted)].filter((name) => name !== undefined).toSorted();
  return names.length === 0 ? found : `${found} (${names.join(", ")})`;
}

/** Returns the command of an entry of the slow log: `[id, time, microseconds, [command, …arguments], …]`. */
function commandOf(entry: unknown): string | undefined {
  const command: unknown = Array.isArray(entry) ? entry[3] : undefined;
  return Array.isArray(command) ? String(command[0]) : undefined;
}
