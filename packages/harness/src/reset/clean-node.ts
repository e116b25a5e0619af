import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { messageOf } from "../errors.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { STATISTICS_MARK } from "./traces.ts";

/** Commands that came with a later server than the oldest that is supported; without them there is nothing to clean. */
const MAY_BE_UNKNOWN = /unknown (?:sub)?command/i;

/**
 * Takes back everything that commands can take back on one node, in one round trip: clients first, so that none
 * writes after the flush. Primaries pass the flush on to their replicas.
 */
export async function cleanNode(
  connection: NodeConnection,
  before: Fingerprint,
  now: Fingerprint,
): Promise<void> {
  const isPrimary = now.view.members.some(({ self, role }) => self && role === "primary");
  await tolerant(connection, [
    ["CLIENT", "UNPAUSE"],
    ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
    ["CLIENT", "KILL", "TYPE", "pubsub"],
    ...settingsBack(before.config, now.config),
    ...usersBack(before.acl, now.acl),
    ...(isPrimary
      ? ([
          ["FLUSHALL", "SYNC"],
          ["FUNCTION", "FLUSH", "SYNC"],
        ] as const)
      : []),
    ["SCRIPT", "FLUSH"],
    ["SLOWLOG", "RESET"],
    ["LATENCY", "RESET"],
    ["ACL", "LOG", "RESET"],
    ["CONFIG", "RESETSTAT"],
    [STATISTICS_MARK],
  ]);
}

/** Starts the counting from which a reset reads what was called since. */
export async function markStatistics(connection: NodeConnection): Promise<void> {
  await tolerant(connection, [["CONFIG", "RESETSTAT"], [STATISTICS_MARK]]);
}

async function tolerant(connection: NodeConnection, commands: readonly NodeCommand[]): Promise<void> {
  const failed = (await connection.outcomes(commands)).flatMap((outcome, index) =>
    outcome instanceof Error && !MAY_BE_UNKNOWN.test(outcome.message)
      ? [`${commands[index]?.slice(0, 3).join(" ")}: ${messageOf(outcome)}`]
      : [],
  );
  if (failed.length > 0)
    throw new Error(`${connection.node.name} could not be cleaned: ${failed.join("; ")}`);
}

/** Settings one by one: one that the server refuses does not keep the others, and the proof finds it. */
export function settingsBack(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): readonly NodeCommand[] {
  return [...before]
    .filter(([name, value]) => now.get(name) !== value)
    .map(([name, value]) => ["CONFIG", "SET", name, value]);
}

/** Lines of ACL LIST are `user NAME RULE…`; each rule is also an argument of ACL SETUSER. */
export function usersBack(before: readonly string[], now: readonly string[]): readonly NodeCommand[] {
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
