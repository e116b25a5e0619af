import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import { retryUntilAnswered, isErrorReply } from "../timing/retry.ts";
import { explainTimeout } from "../timing/call-deadline.ts";

const POLL_MS = 20;

/**
 * Sends commands in one pipeline and returns each reply as the bytes that the server sent, or its error reply. While the node does
 * not answer, for example because its machine is overloaded, the commands are sent again.
 *
 * @param commands must be harmless if the node has already executed some of them.
 * @throws the reason of the signal when it aborts, with what was missing at that moment. If the reason is not an error of this
 * library, only what was missing.
 */
export async function sendCommands(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  try {
    return await retryUntilAnswered(() => requireAnswer(connection, commands), POLL_MS, signal);
  } catch (error) {
    throw explainTimeout(signal, error, "Still missing");
  }
}

async function requireAnswer(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
): Promise<readonly unknown[]> {
  const replies = await connection.bytes(commands);
  // An error that is not a reply of the server, for example the end of the connection.
  const failure = replies.find((reply) => reply instanceof Error && !isErrorReply(reply));
  if (failure !== undefined) throw failure;
  return replies;
}

/**
 * Does the same as {@link sendCommands}, for commands that must succeed.
 *
 * @throws Error with the first error reply; or as {@link sendCommands}.
 */
export async function sendCommandsOrThrow(
  connection: NodeConnection,
  commands: readonly NodeCommand[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const replies = await sendCommands(connection, commands, signal);
  const failed = replies.findIndex((reply) => reply instanceof Error);
  if (failed === -1) return replies;
  const [command = ""] = commands[failed] ?? [];
  throw new Error(`${connection.node.name} replied to ${command}: ${(replies[failed] as Error).message}`);
}
