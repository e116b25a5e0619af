import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { promisify } from "node:util";
import { Cluster } from "ioredis";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { onTestFinished } from "vitest";

const test = redisClusterTest({
  nodes: 3,
  replicas: 0,
  users: { app: { rules: "~* &* +@all" } },
  config: { "notify-keyspace-events": "Ex" },
});

test("a client of the application", { timeout: 30_000 }, async ({ cluster }) => {
  // #region own-ioredis
  const { startupNodes, options } = cluster.clientOptions();
  const redis = new Cluster(startupNodes, {
    ...options,
    maxRedirections: 50, // for up to 5 s, which is longer than a failover
    redisOptions: { ...options.redisOptions, ...cluster.credentials("app") }, // only with the option `users`
  });
  // #endregion
  onTestFinished(() => redis.disconnect());
  await redis.set("order:42", "paid");
  expect(await cluster.client.get("order:42")).toBe("paid");
});

test("a client of another library", { timeout: 30_000 }, async ({ cluster }) => {
  // #region libraries
  const client = await cluster.connect({ client: "node-redis", useReplicas: true });
  await client.set("order:42", "paid");
  // #endregion
  expect(await client.get("order:42")).toBe("paid");
});

test("a client without this library", { timeout: 30_000 }, async ({ cluster }) => {
  // #region address-map
  const { seeds, addressMap, password } = cluster.connectionInfo("host");
  const split = (address: string) => {
    const [, host = "", port] = /^\[?(.+?)\]?:(\d+)$/.exec(address) ?? []; // 10.192.0.2:6379 or [::1]:6379
    return { host, port: Number(port) };
  };
  const startupNodes = seeds.map(split);
  const natMap = Object.fromEntries(
    Object.entries(addressMap).map(([announced, address]) => [announced, split(address)]),
  );
  const redis = new Cluster(startupNodes, { natMap, redisOptions: { ...(password && { password }) } });
  // #endregion
  onTestFinished(() => redis.disconnect());
  await redis.set("order:42", "paid");
  expect(await cluster.client.get("order:42")).toBe("paid");
});

test("a client in another process", { timeout: 30_000 }, async ({ cluster }) => {
  const READ = 'console.log(process.env.REDIS_NODES.split(",").length)';
  // #region environment
  const env = { ...process.env, ...cluster.environment("host") }; // REDIS_NODES, REDIS_URLS, …
  const { stdout } = await promisify(execFile)("node", ["--eval", READ], { env });
  // #endregion
  expect(stdout.trim()).toBe("3");
});

test("subscribers survive a restart", { timeout: 30_000 }, async ({ cluster }) => {
  // #region restart
  const subscribers = cluster.nodes.map((node) => node.client.duplicate());
  for (const subscriber of subscribers) await subscriber.psubscribe("__keyevent@0__:expired");

  const kill = await cluster.kill("node-0");
  await kill.heal(); // the node has another host port now
  // #endregion
  await cluster.waitUntilHealthy();
  const node = cluster.node("node-0");
  await expect.poll(() => node.client.pubsub("NUMPAT")).toBe(1);
});

test("all connections go through proxies", { timeout: 30_000 }, async ({ cluster }) => {
  const proxies = new Map<string, { host: string; port: number }>();
  let connections = 0;
  for (const { networkAddress, mappedAddress } of cluster.nodes) {
    const server = createServer((socket) => {
      connections += 1;
      const upstream = connect(mappedAddress);
      for (const each of [socket, upstream]) each.on("error", () => {});
      socket.pipe(upstream).pipe(socket);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    proxies.set(`${networkAddress.host}:${networkAddress.port}`, { host: "127.0.0.1", port });
  }
  // #region proxies
  const client = await cluster.connect({
    natMap: (announced) => proxies.get(announced) ?? null, // "10.192.0.2:6379" → { host: "127.0.0.1", port: 9000 }
  });
  // #endregion
  for (let index = 0; index < 12; index += 1) await client.set(`order:${index}`, "paid");
  expect(connections).toBeGreaterThanOrEqual(3);
});

test("nodes announce host names", { timeout: 60_000 }, async () => {
  // #region host-names
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    config: {
      "cluster-announce-hostname": "{name}.redis.test", // node-0.redis.test, node-1.redis.test, …
      "cluster-preferred-endpoint-type": "hostname",
    },
  });
  // #endregion
  expect(JSON.stringify(await cluster.node("node-0").client.cluster("SLOTS"))).toContain("node-2.redis.test");
  const { startupNodes, options } = cluster.clientOptions();
  const redis = new Cluster(startupNodes, { ...options, maxRedirections: 1_000 });
  onTestFinished(() => redis.disconnect());
  await redis.set("order:42", "paid");
  expect(await cluster.client.get("order:42")).toBe("paid");
});
