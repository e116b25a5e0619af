import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/**
 * The first line that a socket brings; what comes after it is dropped, and the socket stays open. Not by
 * `node:readline`, which emits an error of its input once more and, where nobody listens there, ends the process.
 *
 * Rejects with the socket's error, or when it closes before there is a line.
 */
export function readLine(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new StringDecoder("utf8");
  const before: string[] = [];
  const onData = (chunk: Buffer): void => {
    const text = decoder.write(chunk);
    // Only in what is new: a line may have many megabytes.
    const end = text.indexOf("\n");
    if (end === -1) {
      before.push(text);
      return;
    }
    socket.off("data", onData).resume();
    resolve([...before, text.slice(0, end)].join(""));
  };
  socket.on("data", onData);
  // For good: a socket that fails after its line must not end the process either.
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("The connection was closed.")));
  return promise;
}
