import { Cluster } from "ioredis";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, onTestFinished, test } from "vitest";

test("a client without options", { timeout: 60_000 }, async () => {
  // #region direct
  await using cluster = await startRedisCluster();
  console.log(cluster.startup.access); // "direct" on Linux

  const { host, port } = cluster.node("node-0").mappedAddress;
  const client = new Cluster([{ host, port }]); // with direct access no address map is needed
  // #endregion
  onTestFinished(() => client.disconnect());
  if (cluster.startup.access === "direct") expect(await client.set("order:42", "paid")).toBe("OK");
});

test("data for any client", { timeout: 60_000 }, async () => {
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  // #region connection-info
  const { seeds, addressMap } = cluster.connectionInfo("host");
  // #endregion
  expect(seeds).toHaveLength(3);
  for (const address of Object.values(addressMap)) expect(seeds).toContain(address);
  // #region environment
  const variables = cluster.environment("network");
  // #endregion
  expect(variables["REDIS_NODES"]?.split(",")).toHaveLength(3);
});

test("nodes that announce the host", { timeout: 60_000 }, async () => {
  // #region announce-host
  await using cluster = await startRedisCluster({ announce: "host" });

  const seed = cluster.node("node-0").mappedAddress; // such as localhost:24001
  const client = new Cluster([seed]); // needs no address map, with any engine
  // #endregion
  onTestFinished(() => client.disconnect());
  expect(await client.set("order:42", "paid")).toBe("OK");
  await cluster.restart("node-0");
  expect(cluster.node("node-0").mappedAddress).toEqual(seed);
});
