import KeyvRedis from "@keyv/redis";
import { RedisStore } from "connect-redis";
import type { SessionData } from "express-session";
import { Keyv } from "keyv";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { vi } from "vitest";
import { throughBreakages } from "./breakages.ts";
import { openNodeRedis } from "./own-clients.ts";

// node-redis rejects commands until it has found the new primary.
const WAIT = { timeout: 20_000, interval: 100 };

const test = redisClusterTest({ nodes: 6, replicas: 1, announce: "host" });

test("connect-redis keeps sessions", { timeout: 60_000 }, async ({ cluster }) => {
  await throughBreakages(cluster, "{sessions}", async () => {
    const client = await openNodeRedis(cluster);
    const store = new RedisStore({ client, prefix: "{sessions}" });
    return {
      use: async (event) => {
        const session = { cookie: { originalMaxAge: 60_000 }, order: event } as unknown as SessionData;
        await vi.waitFor(() => store.set("ann", session), WAIT);
        expect(await store.get("ann")).toMatchObject({ order: event });
      },
      close: () => client.close(),
    };
  });
});

test("keyv keeps values", { timeout: 60_000 }, async ({ cluster }) => {
  await throughBreakages(cluster, "{orders}", async () => {
    const client = await openNodeRedis(cluster);
    const keyv = new Keyv(new KeyvRedis(client as never), { namespace: "{orders}" });
    return {
      use: async (event) => {
        // Keyv hides the errors of its client: `set` resolves with true although nothing is stored.
        await vi.waitFor(async () => {
          await keyv.set("order", { state: event });
          expect(await keyv.get("order")).toEqual({ state: event });
        }, WAIT);
      },
      close: () => keyv.disconnect(),
    };
  });
});
