import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { type RedisClusterOptions, startRedisCluster } from "testcontainers-redis-cluster";
import { afterEach, describe, expect, test } from "vitest";
import { docker, leftoversOfProcess } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

/** The error of a start that has to fail. */
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
 * Listens on a port whose neighbours are free. Below the range from which systems take ports by themselves, so that
 * the neighbours stay free.
 */
async function occupyMiddleOfThree(): Promise<{ readonly port: number; readonly server: Server }> {
  for (let port = 21_001; port < 30_000; port += 3) {
    const servers = [port - 1, port, port + 1].map((each) => createServer().listen(each, "127.0.0.1"));
    const bound = await Promise.allSettled(servers.map((server) => once(server, "listening")));
    const free = bound.every(({ status }) => status === "fulfilled");
    const others = free ? servers.filter((_, index) => index !== 1) : servers;
    await Promise.all(others.map((server) => new Promise((resolve) => void server.close(resolve))));
    const middle = servers[1];
    if (free && middle !== undefined) return { port, server: middle };
  }
  throw new Error("no three free ports in a row");
}

/** A range that is always taken. */
async function bridgeSubnet(): Promise<string> {
  const bridge = await (await docker()).getNetwork("bridge").inspect();
  return bridge.IPAM?.Config?.[0]?.Subnet ?? "";
}

afterEach(async () => {
  expect(await leftoversOfProcess(process.pid)).toEqual([]);
});

describe("wrong options", () => {
  test("are all named in one error, and nothing is started", async () => {
    const error = await failureOf({
      nodes: 5,
      replicas: [1, 1],
      subnet: "172.28.0.1/16",
      persistence: "both" as "aof",
      nodeTimeoutMs: 5,
      config: { port: 7000, "rename-command": 'CLUSTER ""' },
    });
    expect(error).toMatchObject({ name: "InvalidOptionsError", code: "INVALID_OPTIONS" });
    expect(error.message).toContain("nodes: expected 4, the number of nodes that `replicas: [1,1]` asks for");
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

  test("a subnet that another network uses is refused with that network's name", async () => {
    await using other = await startRedisCluster({ nodes: 3, replicas: 0, subnet: "10.77.0.0/24" });
    const error = await failureOf({ subnet: "10.77.0.0/16" });
    expect(error.code).toBe("SUBNET_TAKEN");
    expect(error.message).toContain(`10.77.0.0/24, which is the Docker network "${other.network.getName()}"`);
  });

  test("a subnet that the default bridge has is refused", async () => {
    const error = await failureOf({ subnet: await bridgeSubnet() });
    expect(error.code).toBe("SUBNET_TAKEN");
    expect(error.message).toContain('the Docker network "bridge"');
  });

  test("a subnet of a network that this machine is in is refused, with the interface's name", async () => {
    const networks = await (await docker()).listNetworks();
    const bridges = new Set(networks.map(({ IPAM }) => IPAM?.Config?.[0]?.Gateway));
    const [own] = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses
        .filter((each) => each.family === "IPv4" && !each.internal && !bridges.has(each.address))
        .map(({ address }) => ({ name, subnet: `${address.replace(/\d+$/, "0")}/24` })),
    );
    if (own === undefined) throw new Error("this machine has no network of its own");
    const error = await failureOf({ subnet: own.subnet });
    expect(error.code).toBe("SUBNET_TAKEN");
    expect(error.message).toContain(`the interface ${own.name} of this host`);
  });

  test("more nodes than the host's neighbour table has room for are refused before anything else", async () => {
    const setting = await readFile("/proc/sys/net/ipv4/neigh/default/gc_thresh3", "utf8").catch(() => "");
    const fits = setting === "" || Number(setting) >= 100 * 99;
    // Where there is room, or no telling, the subnet is what is wrong.
    const error = await failureOf({ nodes: 100, subnet: await bridgeSubnet() });
    expect(error.code).toBe(fits ? "SUBNET_TAKEN" : "HOST_LIMIT");
  });
});

describe("what the engine cannot do", () => {
  test("an image that does not exist is named", async () => {
    const error = await failureOf({ image: "localhost:1/no-such-image:1" });
    expect(error.code).toBe("IMAGE_UNAVAILABLE");
    expect(error.message).toContain('The image "localhost:1/no-such-image:1" is neither on the engine nor');
  });

  test("a host port that is taken is named, with the node that wanted it", async () => {
    const { port, server } = await occupyMiddleOfThree();
    try {
      const error = await failureOf({ nodes: 3, replicas: 0, firstHostPort: port - 1 });
      expect(error.code).toBe("PORT_TAKEN");
      expect(error.message).toContain(
        `Publishing node-1 on port ${port} of the host failed: another program`,
      );
    } finally {
      server.close();
    }
  });

  test("a server that exits at once is reported within moments, with its last words", async () => {
    const begun = performance.now();
    const error = await failureOf({ config: { "no-such-directive": "1" } });
    expect(error.code).toBe("NODE_EXITED");
    expect(error.message).toMatch(/node-\d exited with code 1 while the cluster started/);
    expect(error.message).toContain("no-such-directive");
    expect(error.message).toContain("What to do");
    expect(performance.now() - begun).toBeLessThan(8_000);
  });

  test("a configureNode that throws ends the start with its error", async () => {
    const error = await failureOf({
      configureNode: (_, { name }) => {
        if (name === "node-4") throw new Error("not this one");
      },
    });
    expect(error).toMatchObject({ code: "START_FAILED", message: expect.stringContaining("not this one") });
  });

  test("no engine at all is one clear sentence", async () => {
    const { stdout } = await runScript(
      `import { startRedisCluster } from "testcontainers-redis-cluster";
       await startRedisCluster().catch((error) => console.log(error.code, error.message));`,
      // Testcontainers asks nobody else where a host of its own is named.
      { DOCKER_HOST: "tcp://127.0.0.1:1" },
    );
    expect(stdout).toMatch(/^NO_DOCKER No Docker engine answers .* Is Docker running/);
  });
});

describe("a start that is not to go on", () => {
  test.for([0, 30, 90, 200, 500, 900, 1_100])("aborted after %i ms leaves nothing", async (delay) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("changed my mind")), delay);
    const error = await failureOf({ signal: controller.signal, startupTimeoutMs: 600_000 }).catch(
      (tooLate: unknown) => tooLate as Error,
    );
    clearTimeout(timer);
    // On a fast machine the last moments may come after the cluster is up; that is no failure of the abort.
    if (error.message === "the cluster started") return;
    expect(error).toMatchObject({ code: "START_ABORTED" });
  });

  test("with a signal that is aborted already starts nothing", async () => {
    const error = await failureOf({ signal: AbortSignal.abort() });
    expect(error).toMatchObject({ code: "START_ABORTED" });
  });

  test.for([100, 400, 800])("out of time after %i ms leaves nothing, and names the phase", async (limit) => {
    const error = await failureOf({ startupTimeoutMs: limit, nodes: 12 });
    expect(error.code).toBe("START_TIMEOUT");
    expect(error.message).toMatch(
      new RegExp(`\\(phase: (network|containers|formation|clients)\\): not done after ${limit} ms`),
    );
  });

  test("whose nodes run and are never reached says where they were looked for", async () => {
    const error = await failureOf({
      nodes: 3,
      replicas: 0,
      startupTimeoutMs: 4_000,
      config: { bind: "127.0.0.1" },
    });
    expect(error.code).toBe("START_TIMEOUT");
    expect(error.message).toMatch(
      /Running but unreachable from this host: node-0 at 127\.0\.0\.1:\d+( \(.+\))?, and 2 more\./,
    );
    expect(error.message).toContain("see `bind`");
    expect(error.details).toMatchObject({
      nodes: [{ node: "node-0", unreachableAt: expect.stringContaining("127.0.0.1:") }, {}, {}],
    });
  });

  test("that cannot form says what was missing at the end", async () => {
    const error = await failureOf({
      startupTimeoutMs: 6_000,
      // A directive that says so is refused before the start; a file is only read by the server.
      config: { aclfile: "/tmp/users.acl" },
      configureNode: (container) => {
        const content = "user default on nopass ~* &* +@all -cluster\n";
        container.withCopyContentToContainer([{ content, target: "/tmp/users.acl", mode: 0o644 }]);
      },
    });
    expect(error.code).toMatch(/FORMATION_FAILED|START_TIMEOUT/);
    expect(error.message).toMatch(/NOPERM/);
    expect(error.details).toMatchObject({
      nodes: [{ said: expect.stringContaining("node-0") }, {}, {}, {}, {}, {}],
    });
  });
});
