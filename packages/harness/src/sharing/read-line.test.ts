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

test("a line that comes in pieces is one, and a character that is torn apart stays whole", async () => {
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

test("a connection that ends without a line is an error", async () => {
  const line = readLine(connect({ host: "127.0.0.1", port }));
  (await accepted).end("half a li");
  await expect(line).rejects.toThrow("The connection was closed.");
});

test("a refused connection rejects, and troubles nobody else", async () => {
  await new Promise((resolve) => server.close(resolve));
  // An error event that nobody hears would fail this whole run.
  await expect(readLine(connect({ host: "127.0.0.1", port }))).rejects.toThrow("ECONNREFUSED");
  server = createServer().listen(0, "127.0.0.1");
});

test("a connection that is reset after its line troubles nobody", async () => {
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
