import type { NodeConnection } from "../clients/node-connection.ts";

const SCAN_COUNT = 1_000;

/**
 * Deletes all keys of a primary whose server has no FLUSHALL. Uses FLUSHDB if the server has it. Otherwise each key is deleted
 * with a command of its own, because the keys are in different slots. That takes about a millisecond for a hundred keys.
 *
 * @throws Error if the server rejects these commands as well, or if the name of a key is not text.
 * @throws the signal's reason.
 */
export async function emptyNode(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  const [flushed] = await connection.outcomes([["FLUSHDB", "SYNC"]]);
  if (!(flushed instanceof Error)) return;
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const reply = await connection.reply("SCAN", cursor, "COUNT", SCAN_COUNT);
    const [next, keys] = reply as readonly [string, readonly string[]];
    const deleted = await connection.replies(keys.map((key) => ["UNLINK", key] as const));
    // A name that is not text was changed when it was decoded, so no key has the name that was sent.
    if (deleted.includes(0)) {
      throw new Error(
        `Failed to delete all keys of ${connection.node.name}: the name of a key is not valid UTF-8`,
      );
    }
    cursor = next;
  } while (cursor !== "0");
}
