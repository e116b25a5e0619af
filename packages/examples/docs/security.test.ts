import { once } from "node:events";
import { connect } from "node:tls";
import { startRedisCluster } from "testcontainers-redis-cluster";
// #region own-user
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({
  nodes: 3,
  replicas: 0,
  password: true, // a random password for the default user
  users: { app: { rules: "~app:* +@read +@write +@connection +cluster +info" } },
});

test("the application reaches its own keys only", { timeout: 30_000 }, async ({ cluster }) => {
  const app = await cluster.connect({ redisOptions: cluster.credentials("app") });
  await app.set("app:42", "paid");
  await expect(app.set("other:42", "paid")).rejects.toThrow("NOPERM");
});
// #endregion

test("every user has the password that credentials() returns", { timeout: 30_000 }, async ({ cluster }) => {
  expect(cluster.credentials("default").password).toMatch(/^[0-9a-f]{32}$/);
  expect(cluster.credentials("app").password).toMatch(/^[0-9a-f]{32}$/);
  expect(() => cluster.credentials("other")).toThrow('expected one of "default", "app"');
});

test("the containers are hardened", { timeout: 30_000 }, async ({ cluster }) => {
  // #region is-hardened
  expect(cluster.startup.hardeningFallbackReason).toBeUndefined();
  // #endregion
});

test("a cluster works without the default user", { timeout: 60_000 }, async () => {
  // #region no-default-user
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 1,
    defaultUser: false,
    users: {
      app: { rules: "~app:* +@read +@write +@connection +cluster +info" },
      copy: { rules: "+psync +replconf +ping" },
    },
    replicationUser: "copy",
  });
  const app = await cluster.connect({ redisOptions: cluster.credentials("app") });
  // #endregion
  await app.set("app:42", "paid");
  const { client } = cluster.node("node-0");
  expect(await client.call("ACL", "WHOAMI")).toBe("harness");
  expect(await client.client("LIST")).toContain("user=copy");
  expect(() => cluster.credentials("default")).toThrow("Cannot return credentials");
});

test("clients must present a certificate", { timeout: 60_000 }, async () => {
  // #region client-certificate
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, tls: { clientAuth: true } });

  // `cluster.tls` contains `ca`, `cert` and `key` in PEM.
  const socket = connect({ ...cluster.node("node-0").mappedAddress, ...cluster.tls });
  await once(socket, "secureConnect");
  socket.end();
  // #endregion
  expect(socket.authorized).toBe(true);
  await cluster.client.set("order:42", "paid");
});

test("certificates can contain names only", { timeout: 60_000 }, async () => {
  // #region names-only
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, tls: { names: "hosts" } });

  // The clients of the library verify the name `localhost`.
  await cluster.client.set("order:42", "paid");

  // A client that verifies the address is rejected.
  const strict = cluster.connect({ redisOptions: { tls: { servername: undefined } } }, { timeoutMs: 1_000 });
  await expect(strict).rejects.toThrow();
  // #endregion
  await expect(strict).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  expect(cluster.tls?.servername).toBe("localhost");
});

test("all options of a hardened server work together", { timeout: 60_000 }, async () => {
  // #region hardened
  await using cluster = await startRedisCluster({
    nodes: 2,
    replicas: 1,
    defaultUser: false,
    users: {
      app: { rules: "~app:* +@read +@write +@connection +cluster +info" },
      copy: { rules: "+psync +replconf +ping" },
    },
    replicationUser: "copy",
    tls: { names: "hosts" },
    readOnlyRoot: true,
    config: {
      "rename-command": ["CONFIG secret-config", 'FLUSHALL ""', 'FLUSHDB ""', 'KEYS ""', 'DEBUG ""'],
    },
  });
  const app = await cluster.connect({ redisOptions: cluster.credentials("app") });
  // #endregion
  await app.set("app:42", "paid");
  const { client } = cluster.node("node-0");
  await expect(client.call("FLUSHALL")).rejects.toThrow("unknown command");
  await expect(client.call("CONFIG", "GET", "port")).rejects.toThrow("unknown command");
  expect(await client.call("secret-config", "GET", "port")).toEqual(["port", "0"]);
  await cluster.reset();
  expect((await cluster.check()).problems).toEqual([]);
});

test("an image gets a capability that it needs", { timeout: 60_000 }, async () => {
  // #region capability
  await using cluster = await startRedisCluster({
    nodes: 1,
    replicas: 0,
    configureNode: (container) => {
      container.withAddedCapabilities("FOWNER");
    },
  });
  // #endregion
  await cluster.client.set("order:42", "paid");
});
