import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GenericContainer, Network, Wait } from "testcontainers";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

/**
 * A service that counts its heartbeats in the cluster. It connects to any node that answers within a second: a connection to the
 * address of a killed node may otherwise wait for minutes.
 */
const SERVICE = `
while true; do
  for node in $(echo "$REDIS_NODES" | tr , ' '); do
    timeout 1 redis-cli -c -h "\${node%:*}" -p "\${node#*:}" INCR heartbeats && break
  done
  sleep 0.1
done`;

function createService(): GenericContainer {
  const image = process.env["TESTCONTAINERS_REDIS_CLUSTER_IMAGE"] || "redis:8.0";
  return (
    new GenericContainer(image)
      .withEntrypoint(["sh", "-c", SERVICE])
      // With Podman 4, Testcontainers waits until the ports that the image exposes are published. The service does not listen on it.
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forSuccessfulCommand("true"))
  );
}

const test = redisClusterTest({ nodes: 6, replicas: 1 });

test("a service in the network of the cluster", { timeout: 60_000 }, async ({ cluster }) => {
  // #region start
  await using service = await createService() // new GenericContainer("my-service:test")
    .withNetwork(cluster.network)
    .withEnvironment(cluster.environment("network")) // REDIS_NODES, REDIS_URLS, …
    .start();
  // #endregion
  await expect
    .poll(async () => Number(await cluster.client.get("heartbeats")), { timeout: 10_000 })
    .toBeGreaterThan(2);
  const ping = await service.exec(["redis-cli", "-h", "node-5", "ping"]);
  expect(ping.output.trim()).toBe("PONG");

  // #region failover
  await cluster.killPrimary("heartbeats");
  await cluster.primaryOf("heartbeats"); // waits for the failover
  const before = Number(await cluster.client.get("heartbeats"));
  await expect
    .poll(async () => Number(await cluster.client.get("heartbeats")), { timeout: 20_000 })
    .toBeGreaterThan(before);
  // #endregion
});

test("a service that does not reach a node", { timeout: 60_000 }, async ({ cluster }) => {
  await using service = await createService().withNetwork(cluster.network).start();
  const reaches = async (name: string): Promise<boolean> =>
    (await service.exec(["timeout", "2", "redis-cli", "-h", name, "ping"])).output.includes("PONG");
  // #region cut-off
  const primary = await cluster.primaryOf("heartbeats");
  const cut = await cluster.partition([[primary.name], "rest"], { plane: "clients" });
  // The service does not reach the primary now. The other nodes do, so no failover starts.
  await cut.heal();
  // #endregion
  const [replica] = await cluster.replicasOf("heartbeats");
  const again = await cluster.partition([[primary.name], "rest"], { plane: "clients" });
  expect(await reaches(primary.name)).toBe(false);
  expect(await reaches(replica?.name ?? "")).toBe(true);
  await again.heal();
  expect(await reaches(primary.name)).toBe(true);
});

test("a service that already runs", { timeout: 60_000 }, async ({ cluster }) => {
  await using service = await createService().withEnvironment(cluster.environment("network")).start();
  // #region attach
  const attached = await cluster.attach(service); // or the id or the name of any container
  // #endregion
  await expect
    .poll(async () => Number(await cluster.client.get("heartbeats")), { timeout: 10_000 })
    .toBeGreaterThan(2);
  // #region detach
  await attached.detach();
  // #endregion
});

test("nodes that join the network of a service", { timeout: 60_000 }, async () => {
  await using network = await new Network().start();
  const networkName = network.getName();
  // #region join
  await using cluster = await startRedisCluster({ joinNetworks: [networkName] }); // or "my-project_default"
  const { seeds } = cluster.connectionInfo("network"); // node-0.redis-cluster-…:6379, …
  // #endregion
  expect(seeds[0]).toMatch(/^node-0\.redis-cluster-[0-9a-f]{12}:6379$/);
  await using _ = await createService()
    .withNetwork(network)
    .withEnvironment(cluster.environment("network"))
    .start();
  await expect
    .poll(async () => Number(await cluster.client.get("heartbeats")), { timeout: 10_000 })
    .toBeGreaterThan(2);
});

test("services of Compose", async ({ cluster }) => {
  const folder = await mkdtemp(join(tmpdir(), "compose-"));
  const file = join(folder, "redis-cluster.json");
  // #region compose
  await writeFile(file, JSON.stringify(cluster.composeFragment(["api", "worker"])));
  // docker compose --file compose.yaml --file redis-cluster.json up
  // #endregion
  const { networks } = JSON.parse(await readFile(file, "utf8"));
  expect(networks["redis-cluster"].name).toBe(cluster.network.getName());
  await rm(folder, { recursive: true });
});

test("a service with a password and TLS", { timeout: 60_000 }, async () => {
  // #region tls
  await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, password: true, tls: true });
  await using service = await createService()
    .withNetwork(cluster.network)
    .withEnvironment({
      REDIS_NODES: cluster.nodes.map(({ name, networkAddress: { port } }) => `${name}:${port}`).join(","),
      REDIS_PASSWORD: cluster.credentials("default").password,
      REDIS_CA: "/certificates/ca.crt",
    })
    .withCopyContentToContainer([{ content: cluster.tls?.ca ?? "", target: "/certificates/ca.crt" }])
    .start();
  // #endregion
  const command =
    'redis-cli --tls --cacert "$REDIS_CA" -h node-0 -a "$REDIS_PASSWORD" --no-auth-warning ping';
  expect((await service.exec(["sh", "-c", command])).output.trim()).toBe("PONG");
});
