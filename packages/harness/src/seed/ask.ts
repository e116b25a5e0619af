import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { retryUntilAnswered, isErrorReply } from "../timing/retry.ts";
import { explainTimeout } from "../timing/call-deadline.ts";

const POLL_MS = 20;

/**
 * Sends commands in one go and returns each reply as the bytes that the server sent, or its error reply. While the node does
 * not answer, for example because its machine is overloaded, the commands are sent again.
 *
 * @param commands have to be harmless if the node has already carried out some of them.
 * @throws the signal's reason, with what was missing; or what was missing if the reason is no error of this library.
 */
export async function ask(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  try {
    return await retryUntilAnswered(() => answered(connection, commands), POLL_MS, signal);
  } catch (error) {
    throw explainTimeout(signal, error, "Still missing");
  }
}

async function answered(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
): Promise<readonly unknown[]> {
  const replies = await connection.bytes(commands);
  // Such as the end of the connection, in contrast to an error reply.
  const failure = replies.find((reply) => reply instanceof Error && !isErrorReply(reply));
  if (failure !== undefined) throw failure;
  return replies;
}

/**
 * As {@link ask}, for commands that have to succeed.
 *
 * @throws Error with the first error reply as well.
 */
export async function askAll(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const replies = await ask(connection, commands, signal);
  const failed = replies.findIndex((reply) => reply instanceof Error);
  if (failed === -1) return replies;
  const [command = ""] = commands[failed] ?? [];
  throw new Error(`${connection.node.name} replied to ${command}: ${(replies[failed] as Error).message}`);
}
