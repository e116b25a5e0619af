import type { Readable } from "node:stream";
import type { Owner } from "./owner.ts";

/**
 * The task of a watcher, which is the first line of its input. It is not passed as arguments of the process, because the key of
 * an engine is a secret.
 */
export interface WatcherTask {
  readonly owner: Owner;
  readonly engine: EngineReference;
}

/** The plain options with which dockerode connects to the engine. */
export type EngineReference = Readonly<Record<string, unknown>>;

/** The line that ends a watcher. Its owner sends it after it has removed everything itself. */
export const DISMISSED = "dismissed\n";

/**
 * Reads the input of a watcher until its end. The input ends with the process of the owner, however that process ends.
 *
 * @returns the task to carry out. It is undefined if the owner has dismissed the watcher, or ended before it created a resource.
 */
export async function readTask(input: Readable): Promise<WatcherTask | undefined> {
  const chunks: string[] = [];
  try {
    for await (const chunk of input.setEncoding("utf8")) {
      chunks.push(chunk as string);
      if (chunks.join("").endsWith(DISMISSED)) return undefined;
    }
  } catch {
    // A reset of the connection means the same as its end.
  }
  const [task, rest] = chunks.join("").split("\n", 2);
  // A line without its end is incomplete. The owner creates no resource before the line is complete.
  return task === undefined || rest === undefined ? undefined : (JSON.parse(task) as WatcherTask);
}
