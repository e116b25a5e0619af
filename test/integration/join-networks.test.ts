import { GenericContainer, Network, type StartedNetwork } from "testcontainers";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, leftovers, serverImage } from "../support/engine.ts";

// Nodes that join the network of an application.

let network: StartedNetwork;

beforeAll(async () => {
  network = await new Network().start();
});

afterAll(async () => {
  await network.stop();
});

test("a client in the joined network follows redirections, and a failover", async () => {
  await using application = await new GenericContainer(serverImage())
    .withExposedPorts(6379)
    .withNetwork(network)
    // The name server of Podman 4 loses queries while other containers start. By default the resolver asks again after five seconds,
    // and only once.
    .withEnvironment({ RES_OPTIONS: "timeout:1 attempts:15" })
    .start();
  await using cluster = await startRedisCluster({ nodes: 6, replicas: 1, joinNetworks: [network.getName()] });
  const { seeds } = cluster.connectionInfo("network");
  const execute = async (seed = "", ...command: readonly string[]): Promise<string> => {
    const [host = "", port = ""] = seed.split(":");
    const { output } = await application.exec([
      "timeout",
      "20",
      "redis-cli",
      "-c",
      "-h",
      host,
      "-p",
      port,
      ...command,
    ]);
    return output.trim();
  };
  // Each node redirects to the primary by its name.
  for (const [index, seed] of seeds.entries())
    expect(await execute(seed, "SET", "order", `from ${index}`)).toBe("OK");

  const primary = await cluster.primaryOf("order");
  const kill = await cluster.killPrimary("order");
  await cluster.primaryOf("order");
  const other = seeds.find((_, index) => cluster.nodes[index] !== primary);
  expect(await execute(other, "SET", "order", "after the kill")).toBe("OK");
  await kill.heal();
  await cluster.waitUntilHealthy();
  // The restarted node has its name in the joined network again.
  const restarted = seeds[cluster.nodes.indexOf(primary)];
  expect(await execute(restarted, "SET", "order", "after the restart")).toBe("OK");
  await cluster.reset();
  expect(await execute(restarted, "SET", "order", "after the reset")).toBe("OK");
  expect(await cluster.client.get("order")).toBe("after the reset");
});

test("two clusters join the same network, and leave it at their end", async () => {
  const joinNetworks = [network.getName()];
  const [first, second] = await Promise.all([
    startRedisCluster({ nodes: 3, replicas: 0, joinNetworks }),
    startRedisCluster({ nodes: 3, replicas: 0, joinNetworks }),
  ]);
  const seeds = [first, second].flatMap((cluster) => cluster.connectionInfo("network").seeds);
  expect(new Set(seeds).size).toBe(6);
  await Promise.all([first.stop(), second.stop()]);
  for (const { info } of [first, second]) expect(await leftovers(info.name)).toEqual([]);
  const { Containers } = await (await docker()).getNetwork(network.getId()).inspect();
  expect(Containers).toEqual({});
});

test("rejects networks that do not exist, before anything is started", async () => {
  await expect(
    startRedisCluster({ joinNetworks: ["trc-missing", network.getName(), "trc-none"] }),
  ).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
    message: expect.stringContaining(
      'joinNetworks: expected names of networks that the engine has, got ["trc-missing", "trc-none"]',
    ),
  });
});
