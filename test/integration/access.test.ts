import { Cluster } from "ioredis";
import {
  connectRedisCluster,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { GenericContainer } from "testcontainers";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import {
  allAddresses,
  docker,
  hasDirectAccess,
  isPodman4,
  isRemote,
  NO_DIRECT_ACCESS,
  OTHER_MACHINE,
  publishingHost,
  serverImage,
} from "../support/engine.ts";
import { RequestRelay } from "../support/request-relay.ts";
import { isBefore7 } from "../support/server-version.ts";

const KEY = "order:42";
const SMALL = { nodes: 3, replicas: 0 } as const;

/** Returns the published ports of a node's container as Docker writes them: `127.0.0.1:32768->6379/tcp`. */
async function publishedPorts({ containerId }: RedisClusterNode): Promise<readonly string[]> {
  const { NetworkSettings } = await (await docker()).getContainer(containerId).inspect();
  return Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}->${port}`),
  );
}

/** Opens a client as an application without knowledge of this library does. */
function plainClient(host: string, port: number): Cluster {
  const client = new Cluster([{ host, port }], { redisOptions: { connectTimeout: 2_000 } });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

async function expectClientSurvives(cluster: StartedRedisCluster, client: Cluster): Promise<void> {
  await client.set(KEY, "paid");
  const kill = await cluster.killPrimary(KEY);
  await cluster.primaryOf(KEY);
  await expect.poll(() => client.set(KEY, "again"), { timeout: 15_000 }).toBe("OK");
  await kill.heal();
  await cluster.restart("node-2");
  await expect.poll(() => client.get(KEY), { timeout: 15_000 }).toBe("again");
}

describe("a cluster with direct access", () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    if (await hasDirectAccess()) cluster = await startRedisCluster({ nodeTimeoutMs: 500, access: "direct" });
  });
  beforeEach(async ({ skip }) => skip(!(await hasDirectAccess()), NO_DIRECT_ACCESS));
  afterAll(() => cluster?.stop());

  test("publishes no ports", async () => {
    expect(cluster.startup).toMatchObject({ access: "direct", accessFallbackReason: undefined });
    // With Podman 4, the port that the image exposes must be published: see `bindsExposedPorts` of the engine.
    const exposed = (await isPodman4()) ? [expect.stringMatching(/^127\.0\.0\.1:\d+->6379\/tcp$/)] : [];
    for (const node of cluster.nodes) {
      expect(await publishedPorts(node)).toEqual(exposed);
      expect(node.mappedAddress).toEqual(node.networkAddress);
      expect(node.publishedAddress).toBeUndefined();
    }
    expect(cluster.connectionInfo("host").addressMap).toEqual({});
  });

  test("is found by a client without options, also after a failover and restarts", async () => {
    const { host, port } = cluster.node("node-2").networkAddress;
    await expectClientSurvives(cluster, plainClient(host, port));
  });

  test("refuses connections to a node that something else has stopped, and accepts them again", async () => {
    const node = cluster.node("node-1");
    const container = (await docker()).getContainer(node.containerId);
    const { client } = node;
    expect(await client.ping()).toBe("PONG");
    await container.kill();
    // Podman reports the end of a container up to a second late.
    await expect
      .poll(() => client.ping().catch(String), { timeout: 5_000 })
      .toMatch(/retries per request|closed/);
    const handle = await connectRedisCluster(await cluster.share());
    await using _handle = handle;
    // Nothing has answered this handle yet, which has found the node stopped.
    await expect(handle.node("node-1").connect({}, { timeoutMs: 1_500 })).rejects.toThrow(
      /ECONNREFUSED \S+ \(the node has stopped\)/,
    );
    await container.start();
    for (const each of [node, handle.node("node-1")])
      await expect.poll(() => each.client.ping().catch(String), { timeout: 5_000 }).toBe("PONG");
  });

  test("is reset after a kill", async () => {
    await cluster.kill("node-0");
    expect(await cluster.reset()).toMatchObject({ strategy: "repaired" });
    expect(await cluster.check()).toMatchObject({ ok: true, problems: [] });
  });
});

describe("published ports", () => {
  test("are on the loopback address only", async ({ skip }) => {
    skip(await isRemote(), OTHER_MACHINE);
    await using cluster = await startRedisCluster({ ...SMALL, access: "published" });
    expect(cluster.startup).toMatchObject({ access: "published", accessFallbackReason: undefined });
    for (const node of cluster.nodes) {
      const { port } = node.mappedAddress;
      expect(node.publishedAddress).toEqual({ host: "127.0.0.1", port });
      expect(await publishedPorts(node)).toEqual([`127.0.0.1:${port}->6379/tcp`]);
    }
    expect(Object.keys(cluster.connectionInfo("host").addressMap)).toHaveLength(3);
  });

  test("are used if an option requests ports", async () => {
    await using cluster = await startRedisCluster({ ...SMALL, publishOn: "all" });
    expect(cluster.startup).toMatchObject({
      access: "published",
      accessFallbackReason: 'the option `publishOn: "all"` requests published ports',
    });
    const [first] = cluster.nodes as readonly [RedisClusterNode];
    expect(await publishedPorts(first)).toEqual([
      `${await allAddresses()}:${first.mappedAddress.port}->6379/tcp`,
    ]);
    expect(await cluster.client.set(KEY, "paid")).toBe("OK");
  });

  test("that an option requests exist next to a requested direct access, also after a restart", async ({
    skip,
  }) => {
    skip(!(await hasDirectAccess()), NO_DIRECT_ACCESS);
    await using cluster = await startRedisCluster({ ...SMALL, access: "direct", publishOn: "all" });
    const node = cluster.node("node-0");
    expect(cluster.startup.access).toBe("direct");
    expect(node.mappedAddress).toEqual(node.networkAddress);
    expect(await publishedPorts(node)).toEqual([
      `${await allAddresses()}:${node.publishedAddress?.port}->6379/tcp`,
    ]);
    await cluster.restart("node-0");
    expect(await publishedPorts(node)).toEqual([
      `${await allAddresses()}:${node.publishedAddress?.port}->6379/tcp`,
    ]);
    expect(await cluster.client.set(KEY, "paid")).toBe("OK");
  });
});

describe('announce: "host"', () => {
  let cluster: StartedRedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ announce: "host", nodeTimeoutMs: 500, tls: true });
  });
  afterAll(() => cluster?.stop());

  test("gives each node a port of its own, the same inside and outside", async () => {
    expect(cluster.startup.access).toBe("published");
    const host = await publishingHost();
    const ports = cluster.nodes.map(({ networkAddress: { port }, mappedAddress }) => {
      expect(mappedAddress).toEqual({ host, port });
      return port;
    });
    expect(new Set(ports).size).toBe(6);
    const { seeds, addressMap } = cluster.connectionInfo("host");
    const announced = (await isRemote()) ? host : "localhost";
    expect(seeds).toEqual(ports.map((port) => `${announced}:${port}`));
    expect(addressMap).toEqual({});
  });

  test("leads a client without an address map to all nodes, also after a failover and restarts", async () => {
    const addresses = cluster.nodes.map(({ mappedAddress }) => mappedAddress);
    const tls = { ca: cluster.tls?.ca ?? "" };
    const client = new Cluster([cluster.node("node-2").mappedAddress], { redisOptions: { tls } });
    client.on("error", () => {});
    onTestFinished(() => client.disconnect());
    await expectClientSurvives(cluster, client);
    expect(cluster.nodes.map(({ mappedAddress }) => mappedAddress)).toEqual(addresses);
  });

  test("leaves every node reachable for containers of the network", async () => {
    await using container = await new GenericContainer(serverImage())
      .withNetwork(cluster.network)
      .withEnvironment(cluster.environment("network"))
      // With Podman 4, Testcontainers waits until the port that the image exposes is published.
      .withExposedPorts(6379)
      .start();
    const ping =
      'printf %s "$REDIS_TLS_CA" >/tmp/ca; for node in $(echo "$REDIS_NODES" | tr , " "); do ' +
      'redis-cli --tls --cacert /tmp/ca -h "${node%:*}" -p "${node#*:}" ping; done';
    const { output } = await container.exec(["sh", "-c", ping]);
    expect(output.trim().split("\n")).toEqual(Array(6).fill("PONG"));
    const { addressMap } = cluster.connectionInfo("network");
    expect(Object.keys(addressMap)).toEqual(cluster.connectionInfo("host").seeds);
  });
});

describe('a port that another program takes during a start with announce: "host"', () => {
  /** Answers the first start of a container as Docker does if a port is taken. */
  const takePort = async (): Promise<RequestRelay> => {
    let wasTaken = false;
    return await RequestRelay.start(({ path }) => {
      if (wasTaken || !path.endsWith("/start")) return "pass";
      wasTaken = true;
      const message = "driver failed programming external connectivity: port is already allocated";
      return { status: 500, message };
    });
  };

  beforeEach(async ({ skip }) => skip(await isBefore7(), "servers before 7.0 announce no host names"));

  const programWith = (options: string): string => `
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0, announce: "host", ${options} })
      .catch(({ code }) => console.log("done", JSON.stringify({ code })));
    if (cluster) {
      console.log("done", JSON.stringify({ read: await cluster.client.set("order:42", "paid") }));
      await cluster.stop();
    }`;

  test("is replaced if this library has chosen it", async () => {
    await using relay = await takePort();
    await using program = new ChildProgram(programWith(""), relay.environment);
    expect(await program.waitForReport("done")).toEqual({ read: "OK" });
    expect((await program.ended).code).toBe(0);
    const networks = relay.requests.filter(({ path }) => path === "/networks/create");
    expect(networks).toHaveLength(2);
  });

  test("ends the start if the options contain it", async () => {
    await using relay = await takePort();
    await using program = new ChildProgram(programWith("firstHostPort: 20017"), relay.environment);
    expect(await program.waitForReport("done")).toEqual({ code: "PORT_TAKEN" });
  });
});
