import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const RETRY_MS = 5;
const TIMEOUT_MS = 60_000;

/**
 * Sends an inline command to a port of this host until the reply matches. It does not use a client library, so the floor contains
 * only the time of the server and the engine.
 */
export async function queryUntil(port: number, command: string, expected: RegExp): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const reply = await query(port, command).catch(() => "");
    if (expected.test(reply)) return;
    if (performance.now() > deadline)
      throw new Error(`Port ${port} did not answer ${command} with ${expected} within ${TIMEOUT_MS} ms`);
    await delay(RETRY_MS);
  }
}

function query(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(`${command}\r\n`));
    socket.setEncoding("utf8").setTimeout(1_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk: string) => {
      reply += chunk;
      // A simple reply is one line. The first line of a bulk reply contains its length.
      const [, length] = /^\$(\d+)\r\n/.exec(reply) ?? [];
      if (length === undefined ? reply.includes("\r\n") : reply.length >= Number(length)) socket.end();
    });
    socket.once("error", reject).once("close", () => resolve(reply));
  });
}
