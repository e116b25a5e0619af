import { createConnection } from "node:net";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";

/**
 * Returns what a server sends immediately after it has accepted a connection, before it receives a command. A server in protected
 * mode sends its reason for closing the connection (`acceptCommonHandler` in networking.c). Other servers send nothing, and the
 * text is empty.
 *
 * ioredis hides that reason: it handles the text as the reply to AUTH, and as the warning that no password is needed.
 *
 * @param timeoutMs how long to wait for the text, in milliseconds.
 */
export async function readGreeting({ host, port }: HostAndPort, timeoutMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection({ host, port });
  const timer = setTimeout(() => resolve(""), timeoutMs);
  socket.once("data", (bytes) => resolve(bytes.toString()));
  socket.once("error", () => resolve(""));
  socket.once("close", () => resolve(""));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
