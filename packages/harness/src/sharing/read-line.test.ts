import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLine } from "./read-line.ts";

let server: Server;
let port: number;
let accepted: Promise<Socket>;

beforeEach(async () => {
  server = createServer();
  accepted = once(server, "connection").then(([socket]) => socket as Socket);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test("reads a line that arrives byte by byte, also if bytes of one character are split", async () => {
  const socket = connect({ host: "127.0.0.1", port });
  const line = readLine(socket);
  const other = await accepted;
  const bytes = Buffer.from("a baselıne\nand more");
  for (const byte of bytes) {
    other.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await line).toBe("a baselıne");
  socket.destroy();
  other.destroy();
});

test("rejects if the connection closes before the line is complete", async () => {
  const line = readLine(connect({ host: "127.0.0.1", port }));
  (await accepted).end("half a li");
  await expect(line).rejects.toThrow("The connection closed before a line was received.");
});

test("rejects if the connection is refused, without an unhandled error event", async () => {
  await new Promise((resolve) => server.close(resolve));
  // An error event without a listener would fail the whole test run.
  await expect(readLine(connect({ host: "127.0.0.1", port }))).rejects.toThrow("ECONNREFUSED");
  server = createServer().listen(0, "127.0.0.1");
});

test("causes no unhandled error if the connection is reset after the line", async () => {
  const socket = connect({ host: "127.0.0.1", port });
  const line = readLine(socket);
  const other = await accepted;
  other.write("granted\n");
  expect(await line).toBe("granted");
  const closed = once(socket, "close").catch(() => {});
  other.resetAndDestroy();
  socket.write("x");
  await closed;
  expect(socket.destroyed).toBe(true);
});
