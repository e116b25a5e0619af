import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { AddressTable } from "./address-table.ts";
import { NodeConnection } from "./node-connection.ts";

/**
 * Runs an action with a connection to a fake server. The server answers the first request of each client, and calls `onRequest` for
 * the following ones.
 *
 * @param timeoutMs the timeout of each answer, in milliseconds.
 * @param onRequest is called with the number of the request, from 1, and the socket. Each part of a large request has its own
 * number.
 */
export async function withServer(
  node: NodePlan,
  timeoutMs: number,
  onRequest: (request: number, socket: Socket) => void,
  action: (connection: NodeConnection) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("+PONG\r\n+PONG\r\n");
      socket.on("data", () => onRequest((requests += 1), socket));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const addresses = new AddressTable();
  addresses.set(node, { host: "127.0.0.1", port: (server.address() as { port: number }).port });
  const access = { password: undefined, tls: undefined };
  const connection = new NodeConnection(node, addresses, access, timeoutMs / 2_000);
  try {
    await connection.ready(AbortSignal.timeout(10_000));
    await action(connection);
  } finally {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
