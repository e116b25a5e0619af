import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { type RedisClusterOptions, startRedisCluster } from "testcontainers-redis-cluster";
import { describe, expect, test } from "vitest";
import {
  docker,
  hasDirectAccess,
  isPodman4,
  isRemote,
  listNetworks,
  NO_DIRECT_ACCESS,
  OTHER_MACHINE,
} from "../support/engine.ts";
import { expectNoLeftovers } from "../support/expect-no-leftovers.ts";
import { runScript } from "../support/run-script.ts";

/** Returns the error of a start that must fail. */
async function failureOf(
  options: RedisClusterOptions,
): Promise<Error & { code?: string; details?: unknown }> {
  return await startRedisCluster(options).then(
    async (cluster) => {
      await cluster.stop();
      throw new Error("the cluster started");
    },
    (error: unknown) => error as Error,
  );
}

/**
 * Listens on a port whose two neighbours are free. The ports are below the range from which operating systems choose ports, so
 * that the neighbours stay free.
 */
async function occupyMiddleOfThree(): Promise<{ readonly port: number; readonly server: Server }> {
  for (let port = 21_001; port < 30_000; port += 3) {
    const servers = [port - 1, port, port + 1].map((number) => createServer().listen(number, "127.0.0.1"));
    const bound = await Promise.allSettled(servers.map((server) => once(server, "listening")));
    const free = bound.every(({ status }) => status === "fulfilled");
    const others = free ? servers.filter((_, index) => index !== 1) : servers;
    await Promise.all(others.map((server) => new Promise((resolve) => void server.close(resolve))));
    const middle = servers[1];
    if (free && middle !== undefined) return { port, server: middle };
  }
  throw new Error("There are no three consecutive free ports.");
}

/** Returns the subnet of Docker's default bridge, which is always in use. */
async function findBridgeSubnet(): Promise<string> {
  const bridge = await (await docker()).getNetwork("bridge").inspect();
  return bridge.IPAM?.Config?.[0]?.Subnet ?? "";
}

expectNoLeftovers();

describe("startRedisCluster() with invalid options", () => {
  test("reports all of them in one error", async () => {
    const error = await failureOf({
      nodes: 5,
      replicas: [1, 1],
      subnet: "172.28.0.1/16",
      persistence: "both" as "aof",
      nodeTimeoutMs: 5,
      config: { port: 7000, "rename-command": 'CLUSTER ""' },
    });
    expect(error).toMatchObject({ name: "InvalidOptionsError", code: "INVALID_OPTIONS" });
    expect(error.message).toContain("nodes: expected 4, the number of nodes of `replicas: [1, 1]`");
    expect(error.message).toContain(
      'subnet: expected a range without host bits, got "172.28.0.1/16". Did you mean "172.28.0.0/16"?',
    );
    expect(error.message).toContain('persistence: expected one of "none", "aof", "rdb", got "both".');
    expect(error.message).toContain("nodeTimeoutMs: expected an integer from 100 to 600000, got 5.");
    expect(error.message).toContain(
      'config["port"]: expected no such directive in `config`, got 7000. Use the option `port`.',
    );
    expect(error.message).toContain('config["rename-command"]: expected CLUSTER to stay available');
  });

  test("rejects a subnet in use, with the name of the Docker network", async () => {
    await using other = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "10.77.0.0/24" });
    const error = await failureOf({ subnet: "10.77.0.0/16" });
    expect(error.code).toBe("SUBNET_TAKEN");
    expect(error.message).toContain(`10.77.0.0/24, which is the Docker network "${other.network.getName()}"`);
  });

  test("rejects the subnet of the default bridge", async () => {
    const error = await failureOf({ subnet: await findBridgeSubnet() });
    expect(error.code).toBe("SUBNET_TAKEN");
    // Its name in Podman's own API, with which the library lists the networks of Podman 4.
    const name = (await isPodman4()) ? "podman" : "bridge";
    expect(error.message).toContain(`the Docker network "${name}"`);
  });

  test("rejects a subnet of this machine, with the name of the network interface", async ({ skip }) => {
    skip(!(await hasDirectAccess()), NO_DIRECT_ACCESS);
    const networks = await listNetworks({});
    const bridges = new Set(networks.map(({ gateway }) => gateway));
    const [own] = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ address, family, internal }) => family === "IPv4" && !internal && !bridges.has(address))
        .map(({ address }) => ({ name, subnet: `${address.replace(/\d+$/, "0")}/24` })),
    );
    if (own === undefined) throw new Error("This machine has no network interface of its own.");
    const error = await failureOf({ subnet: own.subnet });
    expect(error.code).toBe("SUBNET_TAKEN");
    expect(error.message).toContain(`the interface ${own.name} of this host`);
  });

  test("rejects more nodes than fit into the neighbour table of the host", async () => {
    const setting = await readFile("/proc/sys/net/ipv4/neigh/default/gc_thresh3", "utf8").catch(() => "");
    const isLargeEnough = setting === "" || Number(setting) >= 100 * 99;
    // The size of the table is checked first. If it is large enough or unknown, the subnet is rejected instead.
    const error = await failureOf({ nodes: 100, subnet: await findBridgeSubnet() });
    expect(error.code).toBe(isLargeEnough ? "SUBNET_TAKEN" : "HOST_LIMIT");
  });
});

describe("startRedisCluster() without what it needs", () => {
  test("reports an image that does not exist", async () => {
    const error = await failureOf({ image: "localhost:1/no-such-image:1" });
    expect(error.code).toBe("IMAGE_UNAVAILABLE");
    expect(error.message).toContain('Pulling the image "localhost:1/no-such-image:1" failed: ');
  });

  test("reports a host port in use, with its node, before anything is created", async ({ skip }) => {
    skip(await isRemote(), OTHER_MACHINE);
    const { port, server } = await occupyMiddleOfThree();
    try {
      // The cluster would fail with another code if its network was planned.
      const options = { nodes: 3, replicas: 0, subnet: await findBridgeSubnet() };
      const error = await failureOf({ ...options, firstHostPort: port - 1, firstHostBusPort: port + 5 });
      expect(error.code).toBe("PORT_TAKEN");
      expect(error.message).toContain(
        `that its nodes need: ${port} (node-1). Choose another \`firstHostPort\`,`,
      );
    } finally {
      server.close();
    }
  });

  test("reports a server that exits within 8 s, with its last log lines", async () => {
    const startedAt = performance.now();
    const error = await failureOf({ config: { "no-such-directive": "1" } });
    expect(error.code).toBe("NODE_EXITED");
    expect(error.message).toMatch(/node-\d exited with code 1 while the cluster started/);
    expect(error.message).toContain("no-such-directive");
    expect(error.message).toContain("What to do");
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test("rejects with the error that configureNode throws", async () => {
    const error = await failureOf({
      configureNode: (_, { name }) => {
        if (name === "node-4") throw new Error("not this one");
      },
    });
    expect(error).toMatchObject({ code: "START_FAILED", message: expect.stringContaining("not this one") });
  });

  test("reports in one sentence that no Docker engine answers", async () => {
    const { stdout } = await runScript(
      `import { startRedisCluster } from "testcontainers-redis-cluster";
       await startRedisCluster().catch((error) => console.log(error.code, error.message));`,
      // With this variable, Testcontainers does not try other engines.
      { DOCKER_HOST: "tcp://127.0.0.1:1" },
    );
    expect(stdout).toMatch(/^NO_DOCKER No Docker engine answers .* Is Docker running/);
  });
});

describe("startRedisCluster() that does not finish", () => {
  test.for([0, 30, 90, 200, 500, 900, 1_100])(
    "leaves nothing behind if it is aborted after %i ms",
    async (delayMs) => {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(new Error("changed my mind")), delayMs);
      const error = await failureOf({ signal: controller.signal, startupTimeoutMs: 600_000 }).catch(
        (tooLate: unknown) => tooLate as Error,
      );
      clearTimeout(timer);
      // On a fast machine the cluster may have started before the abort.
      if (error.message === "the cluster started") return;
      expect(error).toMatchObject({ code: "START_ABORTED" });
    },
  );

  test("starts nothing if its signal is already aborted", async () => {
    const error = await failureOf({ signal: AbortSignal.abort() });
    expect(error).toMatchObject({ code: "START_ABORTED" });
  });

  test.for([100, 400, 800])(
    "times out after %i ms, reports the phase and leaves nothing behind",
    async (timeoutMs) => {
      const error = await failureOf({ startupTimeoutMs: timeoutMs, nodes: 12 });
      expect(error.code).toBe("START_TIMEOUT");
      expect(error.message).toMatch(
        new RegExp(`\\(phase: (network|containers|formation|clients)\\): not done after ${timeoutMs} ms`),
      );
    },
  );

  test("reports the addresses of nodes that run but are unreachable", async () => {
    const error = await failureOf({
      nodes: 3,
      replicas: 0,
      startupTimeoutMs: 4_000,
      config: { bind: "127.0.0.1" },
    });
    expect(error.code).toBe("START_TIMEOUT");
    expect(error.message).toMatch(
      /Running but unreachable from this host: node-0 at [\d.]+:\d+( \(.+\))?, and 2 more\./,
    );
    expect(error.message).toContain("see `bind`");
    expect(error.details).toMatchObject({
      nodes: [{ node: "node-0", unreachableAt: expect.stringMatching(/^[\d.]+:\d+/) }, {}, {}],
    });
  });

  test("reports why the cluster could not be formed", async () => {
    const error = await failureOf({
      nodes: 3,
      replicas: 0,
      startupTimeoutMs: 6_000,
      // The library rejects a user directive that forbids CLUSTER. But only the server reads an ACL file.
      config: { aclfile: "/tmp/users.acl" },
      configureNode: (container) => {
        const content = "user default on nopass ~* &* +@all -cluster\n";
        container.withCopyContentToContainer([{ content, target: "/tmp/users.acl", mode: 0o644 }]);
      },
    });
    expect(error.code).toMatch(/FORMATION_FAILED|START_TIMEOUT/);
    expect(error.message).toMatch(/NOPERM/);
    expect(error.details).toMatchObject({
      nodes: [{ said: expect.stringContaining("node-0") }, {}, {}],
    });
  });
});
