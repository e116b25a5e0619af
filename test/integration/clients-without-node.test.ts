import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { ClientProcess, type ClientProgram } from "../support/client-process.ts";
import { serverImage } from "../support/engine.ts";

// Clients of other languages, in the network of the cluster, with the options that their documentation recommends.

const CLIENTS: readonly (ClientProgram & { readonly name: string })[] = [
  {
    name: "redis-py",
    image: "testcontainers-redis-cluster/redis-py:local",
    file: "redis_py.py",
    interpreter: ["python3", "-c"],
  },
  { name: "redis-cli", image: serverImage(), file: "redis_cli.sh", interpreter: ["sh", "-c"] },
];

const test = redisClusterTest({ scope: "file", nodes: 6, replicas: 1 });

test.for(CLIENTS)(
  "$name finds the primary after a kill, a restart, a failover and a reset",
  async (program, { cluster }) => {
    await using client = await ClientProcess.start(program, {
      network: cluster.network.getName(),
      variables: { ...cluster.environment("network"), CLIENT_OPTIONS: "recommended" },
    });
    await write("started");
    const kill = await cluster.killPrimary("order");
    await cluster.primaryOf("order");
    await write("killed");
    await kill.heal();
    await cluster.waitUntilHealthy();
    await write("restarted");
    await cluster.failover({ replicaOf: "order" });
    await write("failed-over");
    await cluster.reset();
    await write("reset");

    async function write(event: string): Promise<void> {
      await expect
        .poll(() => client.execute("SET", "order", event).catch(String), { timeout: 30_000 })
        .toSatisfy((reply) => reply === "OK" || reply === true);
      expect(await cluster.client.get("order")).toBe(event);
    }
  },
);

test.for(CLIENTS)("$name reports the errors of the server", async (program, { cluster }) => {
  await using client = await ClientProcess.start(program, {
    network: cluster.network.getName(),
    variables: cluster.environment("network"),
  });
  await cluster.client.rpush("orders", "42");
  await expect(client.execute("INCR", "orders")).rejects.toThrow("wrong kind of value");
  expect(await client.execute("INCR", "count")).toSatisfy((reply) => Number(reply) === 1);
});

const secured = redisClusterTest({ scope: "file", nodes: 3, replicas: 0, password: true, tls: true });

secured.for(CLIENTS)("$name uses the password and the certificates", async (program, { cluster }) => {
  await using client = await ClientProcess.start(program, {
    network: cluster.network.getName(),
    variables: cluster.environment("network"),
  });
  await client.execute("SET", "order", "paid");
  expect(await cluster.client.get("order")).toBe("paid");
});
