import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const RETRY_MS = 5;
const LIMIT_MS = 60_000;

/**
 * Sends an inline command to a port of this host until the reply matches. No client library, so that the floor pays
 * for nothing but the server and the engine.
 */
export async function askUntil(port: number, command: string, expected: RegExp): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const reply = await ask(port, command).catch(() => "");
    if (expected.test(reply)) return;
    if (performance.now() > deadline)
      throw new Error(`port ${port} did not answer ${command} with ${expected}`);
    await delay(RETRY_MS);
  }
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(`${command}\r\n`));
    socket.setEncoding("utf8").setTimeout(1_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk: string) => {
      reply += chunk;
      // A simple reply is one line, a bulk reply names its length in the first.
      const [, length] = /^\$(\d+)\r\n/.exec(reply) ?? [];
      if (length === undefined ? reply.includes("\r\n") : reply.length >= Number(length)) socket.end();
    });
    socket.once("error", reject).once("close", () => resolve(reply));
  });
}
