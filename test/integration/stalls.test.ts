import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "ioredis";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { expect, test } from "vitest";
import { docker, hasControlGroups, NO_CONTROL_GROUPS } from "../support/engine.ts";
import { runScript } from "../support/run-script.ts";
import { isBefore7, NO_SUBCOMMANDS } from "../support/server-version.ts";

/** Longer than the timeout of one command of the library. */
const STALL_MS = 2_500;

test("a cluster forms by meeting although a node is paused for 2.5 s", async ({ skip }) => {
  skip(!(await hasControlGroups()), NO_CONTROL_GROUPS);
  const label = `test-stall=${crypto.randomUUID()}`;
  const [name = "", value = ""] = label.split("=");
  const starting = startRedisCluster({
    nodes: 3,
    replicas: 0,
    formation: "meet",
    // So that the other nodes do not suspect the paused node.
    nodeTimeoutMs: 10_000,
    labels: { [name]: value },
  });
  const pausing = pauseDuringFormation(label);
  await using cluster = await starting;
  await pausing;
  expect(cluster.startup.way).toBe("meet");
  expect((await cluster.check()).problems).toEqual([]);
});

test("a seed is loaded although a node is paused for 2.5 s", async () => {
  const label = `test-stall=${crypto.randomUUID()}`;
  const [name = "", value = ""] = label.split("=");
  let unpaused: Promise<void> | undefined;
  await using cluster = await startRedisCluster({
    nodes: 3,
    replicas: 0,
    nodeTimeoutMs: 10_000,
    labels: { [name]: value },
    seed: async (client: Cluster) => {
      await client.set("order:42", "paid");
      const container = await findNodeOne(label);
      await container.pause();
      // Meanwhile the library reads the data.
      unpaused = sleep(STALL_MS).then(() => container.unpause());
    },
  });
  await unpaused;
  await cluster.client.set("order:42", "cancelled");
  await cluster.reset();
  expect(await cluster.client.get("order:42")).toBe("paid");
});

test("a command of a seed file may take longer than the commands of the library", async () => {
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

async function findNodeOne(
  label: string,
): Promise<ReturnType<Awaited<ReturnType<typeof docker>>["getContainer"]>> {
  const engine = await docker();
  const running = await engine.listContainers({ filters: { label: [label] } });
  const found = running.find(({ Names: [name = ""] }) => name.endsWith("node-1"));
  return engine.getContainer(found?.Id ?? "");
}

/** Pauses node-1 as soon as all servers accept connections, which is when the formation starts. */
async function pauseDuringFormation(label: string): Promise<void> {
  const engine = await docker();
  const readyNodes = async (): Promise<readonly string[]> => {
    const running = await engine.listContainers({ filters: { label: [label] } });
    const logs = await Promise.all(
      running.map(({ Id }) => engine.getContainer(Id).logs({ stdout: true, stderr: true })),
    );
    return running.flatMap(({ Names: [name = ""], Id }, index) =>
      String(logs[index]).includes("Ready to accept connections") ? [`${name} ${Id}`] : [],
    );
  };
  await expect.poll(readyNodes, { interval: 5, timeout: 30_000 }).toHaveLength(3);
  const container = await findNodeOne(label);
  await container.pause();
  await sleep(STALL_MS);
  await container.unpause();
}

test("a process exits by itself if the start fails while the client connects", async ({ skip }) => {
  skip(await isBefore7(), NO_SUBCOMMANDS);
  const { stdout, stderr } = await runScript(`
    import { startRedisCluster } from "testcontainers-redis-cluster";
    // The last step of a start lists the users, while the client connects.
    // The library rejects a user directive that forbids this command. But only the server reads an ACL file.
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

test("a process exits after stop(), although it has duplicated clients", async () => {
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
