import type { NodeCommand } from "../clients/node-connection.ts";

/** A log in the memory of a server. A server without this log replies with an error to both commands. */
interface ServerLog {
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
    "LATENCY",
  ],
  ...["MODULE", "PING", "READONLY", "REPLCONF", "SLOWLOG", "TIME"],
]);

/**
 * Returns whether a log has entries. In the slow log, commands that only query a node do not count.
 *
 * @param reply the reply to the query of the log.
 * @param commandNames the new names of renamed commands, by their original names.
 */
export function hasEntries(reply: unknown, commandNames: Readonly<Record<string, string>>): boolean {
  if (!Array.isArray(reply)) return Number(reply) > 0;
  const names = new Map(
    Object.entries(commandNames).map(([original, renamed]) => [renamed.toUpperCase(), original]),
  );
  return reply.some((entry: unknown) => {
    const name = commandOf(entry)?.toUpperCase();
    return name === undefined || !ROUTINE_COMMANDS.has(names.get(name) ?? name);
  });
}

/** Returns the command of an entry of the slow log: `[id, time, microseconds, [command, …arguments], …]`. */
function commandOf(entry: unknown): string | undefined {
  const command: unknown = Array.isArray(entry) ? entry[3] : undefined;
  return Array.isArray(command) ? String(command[0]) : undefined;
}
