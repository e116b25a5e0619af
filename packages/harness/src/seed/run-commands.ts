import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keySlotOfBytes } from "../plan/slots.ts";
import type { CommandLine } from "./read-seed.ts";
import { sendCommands } from "./send-commands.ts";

const LINES_PER_BATCH = 200;

/**
 * Sends the commands of a file in their order. Each command goes to the primary that serves its keys, and a command without keys
 * goes to every primary. A server reports the keys of each command, because it also knows the commands of its modules.
 *
 * @param primaries connections to the primaries, in the order of the shards. They must not be used for anything else, because a
 * command can change the state of its connection.
 * @param path the path of the file, for error messages.
 * @throws RedisClusterError START_FAILED with the first line that failed and the reply of the server.
 */
export async function runCommands(
  plan: ClusterPlan,
  primaries: readonly NodeConnection[],
  path: string,
  commands: readonly CommandLine[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < commands.length; from += LINES_PER_BATCH) {
    signal.throwIfAborted();
    await runBatch(plan, primaries, path, commands.slice(from, from + LINES_PER_BATCH), signal);
  }
}

async function runBatch(
  plan: ClusterPlan,
  primaries: readonly NodeConnection[],
  path: string,
  commands: readonly CommandLine[],
  signal: AbortSignal,
): Promise<void> {
  const [anyPrimary] = primaries as readonly [NodeConnection];
  const keys = await sendCommands(
    anyPrimary,
    commands.map(({ argv: [name, ...rest] }): NodeCommand => ["COMMAND", "GETKEYS", name, ...rest]),
    signal,
  );
  let pending = new Map<NodeConnection, CommandLine[]>();
  const sendPending = async (): Promise<void> => {
    const sending = pending;
    pending = new Map();
    await sendLines(path, sending);
  };
  for (const [index, command] of commands.entries()) {
    const commandKeys = keys[index];
    if (Array.isArray(commandKeys) && Buffer.isBuffer(commandKeys[0])) {
      const slot = keySlotOfBytes(commandKeys[0]);
      const shard = plan.shards.find(({ slots }) => slot >= slots.first && slot <= slots.last);
      const primary = primaries[shard?.index ?? 0] as NodeConnection;
      pending.set(primary, [...(pending.get(primary) ?? []), command]);
    } else {
      // All primaries execute it after the lines before it and before the lines after it.
      await sendPending();
      await sendLines(path, new Map(primaries.map((primary) => [primary, [command]])));
    }
  }
  await sendPending();
}

async function sendLines(
  path: string,
  sending: ReadonlyMap<NodeConnection, readonly CommandLine[]>,
): Promise<void> {
  const failures = await Promise.all(
    [...sending].map(async ([primary, lines]) => {
      const replies = await primary
        // A command may take long, and must not be sent twice. So only the timeout of the start applies.
        .bytes(
          lines.map(({ argv: [name, ...rest] }): NodeCommand => [String(name), ...rest]),
          "unlimited",
        )
        .catch((error: unknown) => lines.map(() => error));
      return lines.flatMap(({ line }, index) => {
        const reply = replies[index];
        return reply instanceof Error ? [{ line, reply }] : [];
      });
    }),
  );
  const [first] = failures.flat().toSorted((a, b) => a.line - b.line);
  if (first === undefined) return;
  // The reply to an unknown command repeats its arguments, which may be secrets.
  const reply = first.reply.message.replace(/,? with args beginning with:.*/s, "");
  throw new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed at line ${first.line} of ${JSON.stringify(path)}: the server replied "${reply}". Correct the line.`,
    { cause: first.reply, details: { file: path, line: first.line } },
  );
}
