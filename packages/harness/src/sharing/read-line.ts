import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/**
 * Reads the first line that a socket receives, and drops what follows. The socket stays open. `node:readline` is not used,
 * because it emits an error of its input again, and that ends the process if the error has no listener.
 *
 * Rejects with the error of the socket, or if the socket closes before it has received a line.
 */
export function readLine(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new StringDecoder("utf8");
  const previousChunks: string[] = [];
  const onData = (chunk: Buffer): void => {
    const text = decoder.write(chunk);
    // Searches only the new chunk, because a line may have many megabytes.
    const end = text.indexOf("\n");
    if (end === -1) {
      previousChunks.push(text);
      return;
    }
    socket.off("data", onData).resume();
    resolve([...previousChunks, text.slice(0, end)].join(""));
  };
  socket.on("data", onData);
  // Never removed: an error after the line must not end the process either.
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("The connection closed before a line was received.")));
  return promise;
}
