import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keySlotOfBytes } from "../plan/slots.ts";
import { ask } from "./ask.ts";
import type { CommandLine } from "./read-seed.ts";

const LINES_AT_ONCE = 200;

/**
 * Sends the commands of a file, in their order: each one to the primary that serves its keys, and one without keys to every
 * primary. Where their keys are is asked of the server, which also knows the commands of its modules.
 *
 * @param primaries connections of their own, in the order of the shards: a command may change what a connection does.
 * @throws RedisClusterError START_FAILED naming the first line that failed, and the server's words.
 */
export async function runCommands(
  plan: ClusterPlan,
  primaries: readonly NodeConnection[],
  path: string,
  commands: readonly CommandLine[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < commands.length; from += LINES_AT_ONCE) {
    signal.throwIfAborted();
    await runSome(plan, primaries, path, commands.slice(from, from + LINES_AT_ONCE), signal);
  }
}

async function runSome(
  plan: ClusterPlan,
  primaries: readonly NodeConnection[],
  path: string,
  commands: readonly CommandLine[],
  signal: AbortSignal,
): Promise<void> {
  const [anyone] = primaries as readonly [NodeConnection];
  const keys = await ask(
    anyone,
    commands.map(({ words: [name, ...rest] }): NodeCommand => ["COMMAND", "GETKEYS", name, ...rest]),
    signal,
  );
  let waiting = new Map<NodeConnection, CommandLine[]>();
  const sendWaiting = async (): Promise<void> => {
    const sending = waiting;
    waiting = new Map();
    await sendAll(path, sending);
  };
  for (const [index, command] of commands.entries()) {
    const found = keys[index];
    if (Array.isArray(found) && Buffer.isBuffer(found[0])) {
      const slot = keySlotOfBytes(found[0]);
      const shard = plan.shards.find(({ slots }) => slot >= slots.first && slot <= slots.last);
      const primary = primaries[shard?.index ?? 0] as NodeConnection;
      waiting.set(primary, [...(waiting.get(primary) ?? []), command]);
    } else {
      // What comes before it on any primary is done before it, and what comes after it after.
      await sendWaiting();
      await sendAll(path, new Map(primaries.map((primary) => [primary, [command]])));
    }
  }
  await sendWaiting();
}

async function sendAll(
  path: string,
  sending: ReadonlyMap<NodeConnection, readonly CommandLine[]>,
): Promise<void> {
  const failures = await Promise.all(
    [...sending].map(async ([primary, lines]) => {
      const replies = await primary
        // A line may take long, and must not be sent twice: the start's time limit is the only one.
        .bytes(
          lines.map(({ words: [name, ...rest] }): NodeCommand => [String(name), ...rest]),
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
  // A server repeats the arguments of an unknown command, which may be secrets.
  const words = first.reply.message.replace(/,? with args beginning with:.*/s, "");
  throw new RedisClusterError(
    "START_FAILED",
    `Loading the seed failed at line ${first.line} of ${JSON.stringify(path)}: the server replied "${words}". Correct the line.`,
    { cause: first.reply, details: { file: path, line: first.line } },
  );
}
