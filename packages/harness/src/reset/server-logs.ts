import type { NodeCommand } from "../clients/node-connection.ts";

/** A log in a server's memory. A server that does not have it answers both commands with an error. */
interface ServerLog {
  readonly what: string;
  /** The reply is the number of entries, or a list of them. */
  readonly entries: NodeCommand;
  readonly clear: NodeCommand;
}

/** The logs of Redis and Valkey; those of large requests and replies are Valkey's, from 8.1 on. */
export const SERVER_LOGS: readonly ServerLog[] = [
  { what: "its slow log", entries: ["SLOWLOG", "LEN"], clear: ["SLOWLOG", "RESET"] },
  {
    what: "its log of large requests",
    entries: ["COMMANDLOG", "LEN", "large-request"],
    clear: ["COMMANDLOG", "RESET", "large-request"],
  },
  {
    what: "its log of large replies",
    entries: ["COMMANDLOG", "LEN", "large-reply"],
    clear: ["COMMANDLOG", "RESET", "large-reply"],
  },
  { what: "its latency events", entries: ["LATENCY", "LATEST"], clear: ["LATENCY", "RESET"] },
  { what: "its ACL log", entries: ["ACL", "LOG", "1"], clear: ["ACL", "LOG", "RESET"] },
];
