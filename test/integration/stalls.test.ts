import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "ioredis";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { docker } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";

/** More than a node may take to answer one command. */
const STALL_MS = 2_500;

test("a start by meeting survives a node that is frozen for longer than one command may take", async () => {
  const label = `test-stall=${crypto.randomUUID()}`;
  const [name = "", value = ""] = label.split("=");
  const starting = startRedisCluster({
    nodes: 3,
    replicas: 0,
    formation: "meet",
    // It is the frozen node that is tested, not whether the others suspect it.
    nodeTimeoutMs: 10_000,
    labels: { [name]: value },
  });
  const stalling = stall(label);
  await using cluster = await starting;
  await stalling;
  expect(cluster.startup.way).toBe("meet");
  expect((await cluster.check()).problems).toEqual([]);
});

test("a seed is loaded although a node is frozen, or busy, for longer than one command may take", async () => {
  const label = `test-stall=${crypto.randomUUID()}`;
  const [name = "", value = ""] = label.split("=");
  let thawed: Promise<void> | undefined;
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    nodeTimeoutMs: 10_000,
    labels: { [name]: value },
    seed: async (client: Cluster) => {
      await client.set("order:42", "paid");
      const container = await nodeOne(label);
      await container.pause();
      // The library reads the data meanwhile.
      thawed = stalled().then(() => container.unpause());
    },
  });
  await thawed;
  await cluster.client.set("order:42", "cancelled");
  await cluster.reset();
  expect(await cluster.client.get("order:42")).toBe("paid");
});

test("a line of a seed may take longer than one command of the library", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stall-test-"));
  try {
    const file = join(folder, "seed.redis");
    await writeFile(file, `SET order:42 paid\nBLPOP none ${STALL_MS / 1_000}\nSET order:43 new\n`);
    await using cluster = await startRedisCluster({ nodes: 1, replicas: 0, seed: { commands: file } });
    expect([await cluster.client.get("order:42"), await cluster.client.get("order:43")]).toEqual([
      "paid",
      "new",
    ]);
    expect(cluster.startup.seedMs).toBeGreaterThan(STALL_MS);
  } finally {
    await rm(folder, { recursive: true });
  }
});

function stalled(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, STALL_MS);
  });
}

async function nodeOne(
  label: string,
): Promise<ReturnType<Awaited<ReturnType<typeof docker>>["getContainer"]>> {
  const engine = await docker();
  const running = await engine.listContainers({ filters: { label: [label] } });
  const found = running.find(({ Names: [name = ""] }) => name.endsWith("node-1"));
  return engine.getContainer(found?.Id ?? "");
}

/** Freezes node-1 as soon as all servers accept connections, which is when formation begins. */
async function stall(label: string): Promise<void> {
  const engine = await docker();
  const booted = async (): Promise<readonly string[]> => {
    const running = await engine.listContainers({ filters: { label: [label] } });
    const logs = await Promise.all(
      running.map(({ Id }) => engine.getContainer(Id).logs({ stdout: true, stderr: true })),
    );
    return running.flatMap(({ Names: [name = ""], Id }, index) =>
      String(logs[index]).includes("Ready to accept connections") ? [`${name} ${Id}`] : [],
    );
  };
  await expect.poll(booted, { interval: 5, timeout: 30_000 }).toHaveLength(3);
  const container = await nodeOne(label);
  await container.pause();
  await stalled();
  await container.unpause();
}

test("a process whose start fails while its client connects ends by itself", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    // The last step of a start reads the users, while the client connects.
    // A user directive that forbids it is refused before the start; a file is only read by the server.
    const content = "user default on nopass ~* &* +@all -acl|list\\n";
    await startRedisCluster({
      nodes: 3,
      replicas: 0,
      config: { aclfile: "/tmp/users.acl" },
      configureNode: (container) => {
        container.withCopyContentToContainer([{ content, target: "/tmp/users.acl", mode: 0o644 }]);
      },
    }).catch(({ code, message }) => {
      console.log(code, /NOPERM.*acl/i.test(message));
    });`);
  expect(stderr).toBe("");
  expect(stdout).toBe("START_FAILED true\n");
});

test("copies of clients do not keep a process alive whose cluster has been stopped", async () => {
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    {
      await using cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      const copies = cluster.nodes.map(({ client }) => client.duplicate().duplicate());
      for (const copy of copies) await copy.subscribe("news");
      await cluster.client.duplicate().set("x", "1");
      await cluster.node("node-1").connect();
      await cluster.kill("node-2");
    }
    console.log("stopped");`);
  expect(stdout).toBe("stopped\n");
  expect(stderr).toBe("");
});
