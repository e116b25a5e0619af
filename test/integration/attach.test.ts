import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer } from "testcontainers";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { docker, leftovers, serverImage } from "../support/engine.ts";
import { expectUnreachable } from "../support/network-helpers.ts";

// Containers of applications that already run in another network.

const test = redisClusterTest({ scope: "file", nodes: 3, replicas: 0 });

// Not the default bridge: the engine forgets that it must separate it from others if another engine is started on this machine.
let network: StartedNetwork;
let service: StartedTestContainer;

beforeAll(async () => {
  network = await new Network().start();
  service = await idleContainer().withNetwork(network).start();
});

afterAll(async () => {
  await service.stop();
  await network.stop();
});

/** A container with redis-cli. With Podman, Testcontainers waits until all ports that the image exposes are published. */
function idleContainer(): GenericContainer {
  return new GenericContainer(serverImage()).withExposedPorts(6379);
}

/** A container that listens on no port. */
function sleepingContainer(): GenericContainer {
  return new GenericContainer(serverImage()).withEntrypoint(["sleep", "600"]);
}

/** Sends PING to a node from a container. */
async function ping(container: StartedTestContainer, address: string): Promise<string> {
  const { output } = await container.exec(["timeout", "2", "redis-cli", "-h", address, "ping"]);
  return output.trim();
}

test("a container reaches the nodes while it is attached, and keeps its other networks", async ({
  cluster,
}) => {
  const [node] = cluster.nodes;
  const address = node?.networkAddress.host ?? "";
  const before = service.getNetworkNames();
  await expectUnreachable(() => ping(service, address));
  {
    await using attached = await cluster.attach(service);
    expect(await ping(service, address)).toBe("PONG");
    expect(await ping(service, "node-2")).toBe("PONG");
    // The last address of the subnet: the engine assigns the first free one, which may belong to a stopped node.
    expect(attached.address).toMatch(/\.254$/);
    expect(await networksOf(service.getId())).toEqual([...before, cluster.network.getName()].toSorted());
  }
  expect(await networksOf(service.getId())).toEqual(before);
  await expectUnreachable(() => ping(service, address));
});

test("partitions cut an attached container off, as all clients", async ({ cluster }) => {
  await using _ = await cluster.attach(service);
  const cut = await cluster.partition([["node-0"], "rest"], { plane: "clients" });
  expect(await ping(service, "node-0")).not.toBe("PONG");
  expect(await ping(service, "node-1")).toBe("PONG");
  await cut.heal();
  expect(await ping(service, "node-0")).toBe("PONG");
});

test("a container stays attached during a reset, and a stopped node gets its address back", async ({
  cluster,
}) => {
  await using _ = await cluster.attach(service.getName());
  await cluster.kill("node-0");
  await using second = await idleContainer().start();
  await using attached = await cluster.attach(second.getId());
  expect(attached.address).toMatch(/\.253$/);
  await cluster.reset();
  expect(await ping(service, "node-0")).toBe("PONG");
  expect(await ping(second, "node-0")).toBe("PONG");
});

test("two containers that are attached at the same time get different addresses", async ({ cluster }) => {
  await using second = await idleContainer().start();
  const attached = await Promise.all([cluster.attach(service), cluster.attach(second)]);
  expect(new Set(attached.map(({ address }) => address)).size).toBe(2);
  // The end of the test detaches them.
});

test("the end of the test before has detached its containers", async ({ cluster }) => {
  expect(await networksOf(service.getId())).not.toContain(cluster.network.getName());
});

test("detaching twice, or a container that is gone, has no effect", async ({ cluster }) => {
  const second = await idleContainer().start();
  const attached = await cluster.attach(second);
  await second.stop();
  await attached.detach();
  await attached.detach();
});

test("the end of a cluster detaches containers", async () => {
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  await cluster.attach(service);
  await cluster.stop();
  expect(await leftovers(cluster.info.name)).toEqual([]);
  expect(await ping(service, "127.0.0.1")).toBe("PONG"); // the container still runs
});

describe("attach() rejects", () => {
  test.for<[what: string, container: unknown, message: string]>([
    [
      "nothing",
      undefined,
      "expected a started container of Testcontainers, or the id or the name of a container",
    ],
    ["an empty name", "", "expected a started container"],
    ["a text that cannot be a name", "my service", 'got "my service"'],
    ["an object without an id", { id: "trc" }, "expected a started container"],
    ["an unknown container", "trc-none", "the engine has no container trc-none"],
  ])("%s", async ([, container, message], { cluster }) => {
    await expect(cluster.attach(container as string)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
  });

  test("a node", async ({ cluster }) => {
    await expect(cluster.attach(cluster.node("node-0").containerId)).rejects.toThrow(
      "is a node of the cluster",
    );
  });

  test("a container that is in the network", async ({ cluster }) => {
    await using member = await idleContainer().withNetwork(cluster.network).start();
    await expect(cluster.attach(member)).rejects.toThrow("already is in the network of the cluster");
  });

  test.for([
    { mode: "host", reason: "uses the network of the host" },
    { mode: "none", reason: "was started without a network" },
  ])("a container with the network mode $mode", async ({ mode, reason }, { cluster }) => {
    await using other = await sleepingContainer().withNetworkMode(mode).start();
    await expect(cluster.attach(other)).rejects.toThrow(reason);
  });

  test("a container that shares the network of another one", async ({ cluster }) => {
    await using other = await sleepingContainer().withNetworkMode(`container:${service.getId()}`).start();
    await expect(cluster.attach(other)).rejects.toThrow("shares the network of another container");
  });

  test("a container that does not run", async ({ cluster }) => {
    const stopped = await idleContainer().start();
    await stopped.stop({ remove: false });
    await expect(cluster.attach(stopped)).rejects.toThrow("does not run");
    await (await docker()).getContainer(stopped.getId()).remove();
  });
});

describe("composeFragment()", () => {
  test("describes services in the network of the cluster", ({ cluster }) => {
    const { services, networks } = cluster.composeFragment(["api"]);
    expect(networks["redis-cluster"]).toEqual({ name: cluster.network.getName(), external: true });
    expect(services["api"]?.environment["REDIS_NODES"]).toBe(cluster.environment("network")["REDIS_NODES"]);
  });

  test.for<[services: unknown, message: string]>([
    [[], "expected a list of at least one name, got []"],
    ["api", 'expected a list of at least one name, got "api"'],
    [["api", "my service", 1], 'expected names of services, got "my service", 1'],
  ])("rejects %j", ([services, message], { cluster }) => {
    expect(() => cluster.composeFragment(services as readonly string[])).toThrow(message);
  });
});

async function networksOf(id: string): Promise<readonly string[]> {
  const { NetworkSettings } = await (await docker()).getContainer(id).inspect();
  return Object.keys(NetworkSettings.Networks).toSorted();
}
