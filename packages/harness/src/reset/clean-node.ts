import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { plannedReplicaCount } from "./differences.ts";
import { emptyNode } from "./empty-node.ts";
import { type Fingerprint, parseCalls } from "./fingerprint.ts";
import { SERVER_LOGS } from "./server-logs.ts";
import { MARK_CALLS, STATISTICS_MARK } from "./irreversible-changes.ts";

/** Replies of servers that do not have a command: an older server, `rename-command`, or rules of the default user. */
const UNAVAILABLE = /unknown (?:sub)?command|^NOPERM/i;

const FLUSH: NodeCommand = ["FLUSHALL", "SYNC"];
const CALLS: NodeCommand = ["INFO", "commandstats"];
const RESET_STATISTICS: NodeCommand = ["CONFIG", "RESETSTAT"];
const CLEAR_LOGS: readonly NodeCommand[] = SERVER_LOGS.map(({ clear }) => clear);
const MARK = Array.from({ length: MARK_CALLS }, (): NodeCommand => [STATISTICS_MARK]);

/** A command of the cleaning. `needed`: whether there is something for it to revert. */
interface Step {
  readonly command: NodeCommand;
  readonly needed: boolean;
}

/** What cleaning a node has shown. */
interface Cleaned {
  /** What had been called before the statistics were reset. */
  readonly calls: ReadonlyMap<string, number>;
  /** Whether FLUSHALL was called on this node. */
  readonly flushed: boolean;
}

/**
 * Reverts everything that commands can revert on one node, in one round trip: users first, so that every other command is
 * allowed, then clients, so that none writes after the flush. Primaries pass the flush on to their replicas. Functions
 * and scripts go before the data: a server with save points writes all of it to its file during FLUSHALL (scripts until
 * 6.2).
 *
 * @param keepData leaves keys and functions for {@link returnToSeed} to compare and to restore.
 * @throws Error if a command fails, or is unavailable although there is something for it to revert.
 */
export async function cleanNode(
  plan: ClusterPlan,
  connection: NodeConnection,
  before: Fingerprint,
  now: Fingerprint,
  signal: AbortSignal,
  keepData = false,
): Promise<Cleaned> {
  const isPrimary = now.view.members.some(({ self, role }) => self && role === "primary");
  const steps: readonly Step[] = [
    ...all(true, commandsToRestoreUsers(before.acl, now.acl)),
    ...all(false, [
      ["CLIENT", "UNPAUSE"],
      ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
      ["CLIENT", "KILL", "TYPE", "pubsub"],
    ]),
    // The planned replicas connect again by themselves, with a partial sync.
    ...all(
      true,
      now.held.followers > plannedReplicaCount(plan, connection.node)
        ? [["CLIENT", "KILL", "TYPE", "replica"]]
        : [],
    ),
    ...all(true, commandsToRestoreSettings(before.config, now.config)),
    ...all(now.held.functions > 0, isPrimary && !keepData ? [["FUNCTION", "FLUSH", "SYNC"]] : []),
    ...all(now.held.scripts > 0, [["SCRIPT", "FLUSH"]]),
    ...all(false, isPrimary && !keepData ? [FLUSH] : []),
    ...all(false, CLEAR_LOGS),
    ...all(true, [CALLS, RESET_STATISTICS]),
    ...all(false, MARK),
  ];
  const outcomes = await connection.outcomes(steps.map(({ command }) => command));
  const failed = steps.filter(({ needed }, index) => {
    const outcome = outcomes[index];
    return outcome instanceof Error && (needed || !UNAVAILABLE.test(outcome.message));
  });
  if (failed.length > 0) {
    const words = failed.map(
      (step) => `${step.command.slice(0, 3).join(" ")}: ${messageOf(outcomes[steps.indexOf(step)])}`,
    );
    throw new Error(`${connection.node.name} could not be cleaned: ${words.join("; ")}`);
  }
  const flush = steps.findIndex(({ command }) => command === FLUSH);
  const flushed = flush !== -1 && !(outcomes[flush] instanceof Error);
  if (flush !== -1 && !flushed) await emptyNode(connection, signal);
  return {
    calls: parseCalls(String(outcomes[steps.findIndex(({ command }) => command === CALLS)])),
    flushed,
  };
}

function all(needed: boolean, commands: readonly NodeCommand[]): readonly Step[] {
  return commands.map((command) => ({ command, needed }));
}

/** Clears the logs of a node: loading, restoring or comparing much data may have left entries. */
export async function clearLogs(connection: NodeConnection, { config }: Fingerprint): Promise<void> {
  const hasCommandLog = config.has("commandlog-request-larger-than");
  // An unknown command would count in the statistics of errors.
  await connection.outcomes(CLEAR_LOGS.filter(([name]) => name !== "COMMANDLOG" || hasCommandLog));
}

/**
 * Starts the counting from which a reset reads what was called since, and clears the logs. Returns what was called before.
 */
export async function markStatistics(connection: NodeConnection): Promise<ReadonlyMap<string, number>> {
  const outcomes = await connection.outcomes([...CLEAR_LOGS, CALLS, RESET_STATISTICS, ...MARK]);
  const [calls, reset] = outcomes.slice(CLEAR_LOGS.length);
  for (const outcome of [calls, reset]) if (outcome instanceof Error) throw outcome;
  return parseCalls(String(calls));
}

/** Settings one by one: one that the server refuses does not keep the others, and the proof finds it. */
export function commandsToRestoreSettings(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): readonly NodeCommand[] {
  return [...before]
    .filter(([name, value]) => now.get(name) !== value)
    .map(([name, value]) => ["CONFIG", "SET", name, value]);
}

/** Lines of ACL LIST are `user NAME RULE…`; each rule is also an argument of ACL SETUSER. */
export function commandsToRestoreUsers(
  before: readonly string[],
  now: readonly string[],
): readonly NodeCommand[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  const nameOf = (line: string): string => line.split(" ")[1] ?? "";
  const known = new Set(before.map(nameOf));
  const strangers = now.map(nameOf).filter((name) => !known.has(name));
  return [
    ...(strangers.length > 0 ? [["ACL", "DELUSER", ...strangers] as const] : []),
    ...before
      .filter((line) => !now.includes(line))
      .map((line) => {
        const [, name = "", ...rules] = splitRules(line);
        return ["ACL", "SETUSER", name, "reset", ...rules] as const;
      }),
  ];
}

/** At blanks, but a selector such as `(~app:* +@read)` is one rule. */
function splitRules(line: string): readonly string[] {
  return line.match(/\([^)]*\)|\S+/g) ?? [];
}
