import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import type { Cluster } from "ioredis";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { throughBreakages } from "./breakages.ts";
import { createIoredis } from "./own-clients.ts";

const test = redisClusterTest({ nodes: 6, replicas: 1, announce: "host" });

const ADAPTERS = [
  {
    name: "@socket.io/redis-adapter",
    create: (client: Cluster, second: Cluster) => createAdapter(client, second) as never,
  },
  {
    name: "@socket.io/redis-streams-adapter",
    create: (client: Cluster) => createStreamsAdapter(client) as never,
  },
];

test.for(ADAPTERS)(
  "$name passes messages between servers",
  { timeout: 60_000 },
  async ({ create }, { cluster }) => {
    await throughBreakages(cluster, "socket.io", async () => {
      const servers = await Promise.all([1, 2].map(startServer));
      const [first, second] = servers;
      const socket = io(`http://127.0.0.1:${second?.port}`);
      await once(socket as never, "connect");
      return {
        use: async (event) => {
          const received = new Promise((resolve) => socket.once(event, resolve));
          // A message that is published while a subscriber reconnects is lost, so it is sent until it arrives.
          const sending = setInterval(() => first?.server.emit(event, "paid"), 100);
          expect(await received).toBe("paid");
          clearInterval(sending);
        },
        close: async () => {
          socket.close();
          // The adapters unsubscribe, so their clients must still be connected.
          await Promise.all(servers.map(({ server }) => server.close()));
          // They do not wait for the replies. Replies arrive in the order of the commands, so the reply to this command is the last.
          const clients = servers.flatMap((server) => server.clients);
          await Promise.all(clients.map((client) => client.unsubscribe()));
          for (const client of clients) client.disconnect();
        },
      };
    });

    async function startServer() {
      const clients = [createIoredis(cluster), createIoredis(cluster)] as const;
      const http = createServer();
      const server = new Server(http, { adapter: create(...clients) });
      await once(http.listen(0, "127.0.0.1"), "listening");
      return { server, clients, port: (http.address() as AddressInfo).port };
    }
  },
);
