import type { NodeCommand } from "../clients/node-connection.ts";

/** A log in the memory of a server. A server without this log replies with an error to both commands. */
interface ServerLog {
  /** As in `node-0 has entries in its slow log`. */
  readonly description: string;
  /** Queries the entries. The reply is their number, or an array of them. */
  readonly query: NodeCommand;
  readonly clear: NodeCommand;
}

/** The logs of Redis and Valkey. The logs of large requests and of large replies are in Valkey 8.1 and newer only. */
export const SERVER_LOGS: readonly ServerLog[] = [
  { description: "its slow log", query: ["SLOWLOG", "LEN"], clear: ["SLOWLOG", "RESET"] },
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
