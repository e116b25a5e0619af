import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { plannedReplicaCount } from "./differences.ts";
import { emptyNode } from "./empty-node.ts";
import { type Fingerprint, parseCalls } from "./fingerprint.ts";
import { SERVER_LOGS } from "./server-logs.ts";
import { MARK_CALLS, STATISTICS_MARK } from "./irreversible-changes.ts";

/** Replies of a server without the command: an older server, `rename-command`, or the rules of the default user. */
const UNAVAILABLE = /unknown (?:sub)?command|^NOPERM/i;

const FLUSH: NodeCommand = ["FLUSHALL", "SYNC"];
const READ_CALLS: NodeCommand = ["INFO", "commandstats"];
const RESET_STATISTICS: NodeCommand = ["CONFIG", "RESETSTAT"];
const CLEAR_LOGS: readonly NodeCommand[] = SERVER_LOGS.map(({ clear }) => clear);
const MARK_STATISTICS = Array.from({ length: MARK_CALLS }, (): NodeCommand => [STATISTICS_MARK]);

/** A command that cleans a node. */
interface CleaningCommand {
  readonly command: NodeCommand;
  /** Whether the node has state that the command must revert. If not, the server may lack the command. */
  readonly isRequired: boolean;
}

/** The result of cleaning a node. */
interface CleaningResult {
  /** The call counts from before the statistics were reset. */
  readonly calls: ReadonlyMap<string, number>;
  /** Whether FLUSHALL was called on this node. */
  readonly wasFlushed: boolean;
}

/**
 * Reverts all state of a node that commands can revert, in one round trip. Users are first, so that all other commands are
 * allowed. Clients are next, so that none writes after the flush. Primaries replicate the flush. Functions and scripts are before
 * the data, because a server with save points writes them to its file during FLUSHALL (scripts until 6.2).
 *
 * @param keepsData leaves keys and functions unchanged, for a cluster with a seed, whose data is compared and restored later.
 * @throws Error if a command fails, or is unavailable although the node has state that it must revert.
 */
export async function cleanNode(
  plan: ClusterPlan,
  connection: NodeConnection,
  before: Fingerprint,
  now: Fingerprint,
  signal: AbortSignal,
  keepsData = false,
): Promise<CleaningResult> {
  const isPrimary = now.view.members.some(({ self, role }) => self && role === "primary");
  const flushesData = isPrimary && !keepsData;
  const hasForeignReplicas = now.held.followers > plannedReplicaCount(plan, connection.node);
  const steps: readonly CleaningCommand[] = [
    ...toSteps(true, commandsToRestoreUsers(before.acl, now.acl)),
    ...toSteps(false, [
      ["CLIENT", "UNPAUSE"],
      ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
      ["CLIENT", "KILL", "TYPE", "pubsub"],
    ]),
    // The planned replicas reconnect by themselves, with a partial sync.
    ...toSteps(true, hasForeignReplicas ? [["CLIENT", "KILL", "TYPE", "replica"]] : []),
    ...toSteps(true, commandsToRestoreSettings(before.config, now.config)),
    ...toSteps(now.held.functions > 0, flushesData ? [["FUNCTION", "FLUSH", "SYNC"]] : []),
    ...toSteps(now.held.scripts > 0, [["SCRIPT", "FLUSH"]]),
    ...toSteps(false, flushesData ? [FLUSH] : []),
    ...toSteps(false, CLEAR_LOGS),
    ...toSteps(true, [READ_CALLS, RESET_STATISTICS]),
    ...toSteps(false, MARK_STATISTICS),
  ];
  const outcomes = await connection.outcomes(steps.map(({ command }) => command));
  const errors = steps.flatMap(({ command, isRequired }, index) => {
    const outcome = outcomes[index];
    const isFailure = outcome instanceof Error && (isRequired || !UNAVAILABLE.test(outcome.message));
    return isFailure ? [`${command.slice(0, 3).join(" ")}: ${messageOf(outcome)}`] : [];
  });
  if (errors.length > 0) throw new Error(`Failed to clean ${connection.node.name}: ${errors.join("; ")}`);
  const outcomeOf = (wanted: NodeCommand): unknown =>
    outcomes[steps.findIndex(({ command }) => command === wanted)];
  const wasFlushed = flushesData && !(outcomeOf(FLUSH) instanceof Error);
  if (flushesData && !wasFlushed) await emptyNode(connection, signal);
  return { calls: parseCalls(String(outcomeOf(READ_CALLS))), wasFlushed };
}

function toSteps(isRequired: boolean, commands: readonly NodeCommand[]): readonly CleaningCommand[] {
  return commands.map((command) => ({ command, isRequired }));
}

/** Clears the logs of a node. The commands of a start or a reset may have left entries in them. */
export async function clearLogs(connection: NodeConnection, { config }: Fingerprint): Promise<void> {
  const hasCommandLog = config.has("commandlog-request-larger-than");
  // The server would count an unknown command in its error statistics.
  await connection.outcomes(CLEAR_LOGS.filter(([name]) => name !== "COMMANDLOG" || hasCommandLog));
}

/** Resets and marks the statistics of a node, and clears its logs. Returns the call counts from before. */
export async function markStatistics(connection: NodeConnection): Promise<ReadonlyMap<string, number>> {
  const outcomes = await connection.outcomes([
    ...CLEAR_LOGS,
    READ_CALLS,
    RESET_STATISTICS,
    ...MARK_STATISTICS,
  ]);
  const [calls, reset] = outcomes.slice(CLEAR_LOGS.length);
  for (const outcome of [calls, reset]) if (outcome instanceof Error) throw outcome;
  return parseCalls(String(calls));
}

/**
 * Returns a CONFIG SET command for each changed setting. The commands are separate, so that a setting that the server rejects
 * does not prevent the others. The verification finds the rejected setting.
 */
export function commandsToRestoreSettings(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): readonly NodeCommand[] {
  return [...before]
    .filter(([name, value]) => now.get(name) !== value)
    .map(([name, value]) => ["CONFIG", "SET", name, value]);
}

/**
 * Returns the ACL commands that restore the users.
 *
 * @param before the lines of ACL LIST to restore: `user NAME RULE…`. Each rule is also an argument of ACL SETUSER.
 * @param now the present lines of ACL LIST.
 */
export function commandsToRestoreUsers(
  before: readonly string[],
  now: readonly string[],
): readonly NodeCommand[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  const nameOf = (line: string): string => line.split(" ")[1] ?? "";
  const known = new Set(before.map(nameOf));
  const added = now.map(nameOf).filter((name) => !known.has(name));
  return [
    ...(added.length > 0 ? [["ACL", "DELUSER", ...added] as const] : []),
    ...before
      .filter((line) => !now.includes(line))
      .map((line) => {
        const [, name = "", ...rules] = splitRules(line);
        return ["ACL", "SETUSER", name, "reset", ...rules] as const;
      }),
  ];
}

/** Splits a line at blanks. A selector such as `(~app:* +@read)` remains one rule. */
function splitRules(line: string): readonly string[] {
  return line.match(/\([^)]*\)|\S+/g) ?? [];
}
