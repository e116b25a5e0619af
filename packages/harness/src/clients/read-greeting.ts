import { createConnection } from "node:net";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";

/**
 * Returns what a server sends as soon as it has accepted a connection, before it is asked anything. A server in protected
 * mode gives its reason for closing the connection in this way (`acceptCommonHandler` in networking.c); other servers send
 * nothing, and the text is empty.
 *
 * ioredis hides that reason: it takes the text for the reply to AUTH, and for the warning that no password is needed.
 */
export async function readGreeting({ host, port }: HostAndPort, limitMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection({ host, port });
  const timer = setTimeout(() => resolve(""), limitMs);
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
