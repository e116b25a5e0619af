import { GenericContainer, Network, type StartedNetwork } from "testcontainers";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, isPodman4, leftovers, serverImage } from "../support/engine.ts";

// Nodes that join the network of an application.

/** The exit code of `timeout` if the command has not ended. */
const TIMED_OUT = 124;

let network: StartedNetwork;

beforeAll(async () => {
  network = await new Network().start();
});

afterAll(async () => {
  await network.stop();
});

test("a client in the joined network follows redirections, and a failover", {
  timeout: 300_000,
}, async () => {
  // The name server of Podman 4 answers no query for up to a minute while other containers start.
  const attempts = (await isPodman4()) ? 5 : 1;
  await using application = await new GenericContainer(serverImage())
    .withExposedPorts(6379)
    .withNetwork(network)
    .start();
  await using cluster = await startRedisCluster({ nodes: 6, replicas: 1, joinNetworks: [network.getName()] });
  const { seeds } = cluster.connectionInfo("network");
  const execute = async (seed = "", ...command: readonly string[]): Promise<string> => {
    const [host = "", port = ""] = seed.split(":");
    const client = ["timeout", "20", "redis-cli", "-c", "-h", host, "-p", port, ...command];
    for (let attempt = 1; ; attempt += 1) {
      const { output, exitCode } = await application.exec(client);
      if (exitCode !== TIMED_OUT || attempt >= attempts) return output.trim();
    }
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
