import type { NodeConnection } from "../clients/node-connection.ts";

const KEYS_AT_ONCE = 1_000;

/**
 * Deletes all keys of a primary whose server has no FLUSHALL: by FLUSHDB, or else key by key, each with a command of its
 * own because the keys are in different slots. Takes about a millisecond for a hundred keys.
 *
 * @throws Error if the server refuses these commands too, or a key's name is not text; or the signal's reason.
 */
export async function emptyNode(connection: NodeConnection, signal: AbortSignal): Promise<void> {
  const [flushed] = await connection.outcomes([["FLUSHDB", "SYNC"]]);
  if (!(flushed instanceof Error)) return;
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const reply = await connection.reply("SCAN", cursor, "COUNT", KEYS_AT_ONCE);
    const [next, keys] = reply as readonly [string, readonly string[]];
    const deleted = await connection.replies(keys.map((key) => ["UNLINK", key] as const));
    // The name of such a key is not text, and another one was sent.
    if (deleted.includes(0)) throw new Error(`${connection.node.name} has keys that cannot be named here`);
    cursor = next;
  } while (cursor !== "0");
}
