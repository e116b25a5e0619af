import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type RedisClusterOptions,
  type StartedRedisCluster,
  keySlot,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker, exec, podmanVersion } from "../support/engine.ts";
import { findServerUser, type StandIn, standInImages } from "../support/stand-in-images.ts";

/** A folder of the host, which is mounted into every node. */
let sharedFolder: string;
let images: ReadonlyMap<StandIn, string>;
let serverUser: string;
beforeAll(async () => {
  images = await standInImages();
  serverUser = await findServerUser();
  sharedFolder = await mkdtemp(join(tmpdir(), "trc-shared-"));
  await writeFile(join(sharedFolder, "dump.rdb"), "the user's own");
});
afterAll(async () => {
  await rm(sharedFolder, { recursive: true, force: true });
});

/** Returns a key whose slot the plan assigns to a node. */
function findKeyOf(cluster: StartedRedisCluster, index: number): string {
  const shard = cluster.plan.shards.find(({ primary }) => primary === index);
  for (let number = 0; ; number += 1) {
    const slot = keySlot(`order:${number}`);
    if (shard !== undefined && slot >= shard.slots.first && slot <= shard.slots.last)
      return `order:${number}`;
  }
}

/** Returns the modules of each node as JSON. */
async function readModules(cluster: StartedRedisCluster): Promise<readonly unknown[]> {
  return await Promise.all(
    cluster.nodes.map(async ({ client }) => JSON.stringify(await client.call("MODULE", "LIST"))),
  );
}

/** Returns the data folder with the engine of the tests. */
async function dataFolderOf({
  folder,
  podmanFolder,
}: Pick<Kind, "folder" | "podmanFolder">): Promise<string> {
  return podmanFolder !== undefined && (await podmanVersion()) !== undefined ? podmanFolder : folder;
}

interface Kind {
  readonly kind: StandIn;
  /** The data folder of a node. */
  readonly folder: string;
  /** The same with Podman, if it differs: the user of a container owns its working folder and its volumes there. */
  readonly podmanFolder?: string;
  readonly hasModule: boolean;
  /** The path in the container at which the folder of the host is mounted. */
  readonly mount: string;
  readonly options?: RedisClusterOptions;
}

const KINDS: readonly Kind[] = [
  { kind: "plain", folder: "/data", mount: "/data/shared", hasModule: false },
  {
    kind: "no-volume",
    folder: "/data",
    mount: "/data/shared",
    hasModule: false,
    options: { readOnlyRoot: true },
  },
  { kind: "modules", folder: "/data", mount: "/data/shared", hasModule: true },
  { kind: "stack", folder: "/data", mount: "/data/shared", hasModule: true },
  { kind: "rootless", folder: "/data", mount: "/data/shared", hasModule: false, options: { tls: true } },
  {
    kind: "stranger",
    folder: "/tmp/redis-node-data",
    podmanFolder: "/app",
    mount: "/shared",
    hasModule: true,
    options: { tls: true, readOnlyRoot: true },
  },
];

describe.each(KINDS)(
  "a cluster with the image $kind",
  ({ kind, mount, hasModule, options = {}, ...folders }) => {
    test("starts, keeps rewritten settings after a kill, and user files after a reset", async () => {
      const folder = await dataFolderOf(folders);
      await using cluster = await startRedisCluster({
        nodes: 3,
        replicas: 0,
        persistence: "aof",
        image: images.get(kind) as string,
        configureNode: (container) => {
          container.withBindMounts([{ source: sharedFolder, target: mount }]);
        },
        ...options,
      });
      expect(cluster.startup.fallbackReason).toBeUndefined();
      const node = cluster.node("node-1");
      expect(await node.client.config("GET", "dir")).toEqual(["dir", folder]);
      const loaded = hasModule ? expect.stringContaining("note") : expect.not.stringContaining("note");
      expect(await readModules(cluster)).toEqual([loaded, loaded, loaded]);
      const [kept, wiped] = [findKeyOf(cluster, 1), findKeyOf(cluster, 2)];
      await cluster.client.set(kept, "paid");
      await cluster.client.set(wiped, "paid");
      await exec(node.containerId, ["sh", "-c", `echo own > ${folder}/own.txt`]);
      await node.client.config("SET", "maxmemory-policy", "allkeys-lru");
      await Promise.all(cluster.nodes.map(({ client }) => client.config("REWRITE")));

      const kill = await cluster.kill(node);
      await Promise.all([kill.heal(), cluster.restart("node-2", { data: "wiped" })]);
      expect(await node.client.config("GET", "maxmemory-policy")).toEqual([
        "maxmemory-policy",
        "allkeys-lru",
      ]);
      expect(await cluster.client.get(kept)).toBe("paid");
      expect(await cluster.client.get(wiped)).toBe(null);
      expect(await readModules(cluster)).toEqual([loaded, loaded, loaded]);

      await cluster.kill(node);
      expect((await cluster.reset()).restarted).toContain("node-1");
      expect(await cluster.client.get(kept)).toBe(null);
      expect(await readModules(cluster)).toEqual([loaded, loaded, loaded]);
      expect((await cluster.check()).problems).toEqual([]);

      const { output } = await exec(node.containerId, ["sh", "-c", `ls -A ${folder}`]);
      expect(output.split(/\s+/)).toEqual(expect.arrayContaining(["own.txt", "nodes.conf"]));
      expect(await readdir(sharedFolder)).toEqual(["dump.rdb"]);
    });
  },
);

describe("methods of the container override the image", () => {
  test.each([
    {
      name: "withWorkingDir sets the data folder",
      user: undefined,
      workingDir: "/srv/orders",
      folder: "/srv/orders",
    },
    {
      name: "nodes use a folder in /tmp if the user owns neither the working folder nor /data",
      user: "54321:54321",
      workingDir: undefined,
      folder: "/tmp/redis-node-data",
    },
    {
      name: "nodes use /data if the user owns it but not the working folder",
      // Docker creates the working folder for root.
      user: "server",
      workingDir: "/srv/orders",
      folder: "/data",
      podmanFolder: "/srv/orders",
    },
  ])("$name", async ({ user, workingDir, ...folders }) => {
    const folder = await dataFolderOf(folders);
    await using cluster = await startRedisCluster({
      nodes: 3,
      replicas: 0,
      persistence: "aof",
      tls: true,
      configureNode: (container) => {
        if (user !== undefined) container.withUser(user === "server" ? serverUser : user);
        if (workingDir !== undefined) container.withWorkingDir(workingDir);
      },
    });
    const node = cluster.node("node-1");
    expect(await node.client.config("GET", "dir")).toEqual(["dir", folder]);
    const { output } = await exec(node.containerId, ["sh", "-c", "stat -c %U:%u /proc/1"]);
    expect(output.trim()).toMatch(user === "54321:54321" ? /:54321$/ : new RegExp(`^${serverUser}:`));
    const [kept, wiped] = [findKeyOf(cluster, 1), findKeyOf(cluster, 2)];
    await cluster.client.set(kept, "paid");
    await cluster.client.set(wiped, "paid");
    const kill = await cluster.kill(node);
    await Promise.all([kill.heal(), cluster.restart("node-2", { data: "wiped" })]);
    expect(await cluster.client.get(kept)).toBe("paid");
    expect(await cluster.client.get(wiped)).toBe(null);
    await cluster.kill(node);
    expect((await cluster.reset()).restarted).toContain("node-1");
    expect(await cluster.client.get(kept)).toBe(null);
    expect(await node.client.config("GET", "dir")).toEqual(["dir", folder]);
    expect((await cluster.check()).problems).toEqual([]);
  });
});

test.each([
  { kind: "no-shell", reason: "it contains no shell" },
  { kind: "no-server", reason: "it contains no redis-server, valkey-server or keydb-server" },
  { kind: "no-cluster", reason: 'its server answers "ERR This instance has cluster support disabled"' },
] as const)("a start rejects the image $kind, reports why and leaves nothing", async ({ kind, reason }) => {
  const image = images.get(kind) as string;
  await expect(startRedisCluster({ nodes: 3, replicas: 0, image })).rejects.toMatchObject({
    code: "IMAGE_UNSUITABLE",
    message: expect.stringContaining(`The image "${image}" cannot be used for a cluster: ${reason}`),
    details: { image, phase: "containers" },
  });
  // Other test files may have containers at the same time, but not of this image.
  expect(await (await docker()).listContainers({ all: true, filters: { ancestor: [image] } })).toEqual([]);
});

describe("an entry point in shell form", () => {
  const start = async (script: string): Promise<StartedRedisCluster> =>
    await startRedisCluster({
      nodes: 3,
      replicas: 0,
      configureNode: (container) => {
        container.withEntrypoint(["sh", "-c", script, "--"]);
      },
    });

  test("starts the nodes if it passes on its arguments", async () => {
    await using cluster = await start('echo done > /tmp/prepared; exec "$@"');
    const { output } = await exec(cluster.nodes[1]?.containerId ?? "", ["cat", "/tmp/prepared"]);
    expect(output).toContain("done");
    expect((await cluster.check()).problems).toEqual([]);
  });

  test.each([
    {
      server: "without cluster support",
      script: "exec redis-server --protected-mode no",
      why: 'its server answers "ERR This instance has cluster support',
    },
    {
      server: "with another configuration",
      script: "exec redis-server --cluster-enabled yes --protected-mode no",
      why: "its server does not use the library's config",
    },
    {
      server: "that denies access",
      script: "exec redis-server --cluster-enabled yes",
      why: "its server does not use the library's configuration, which is passed through the entry point, and answers \"DENIED ",
    },
  ])("is rejected with the reason if it starts a server $server", async ({ script, why }) => {
    const error: unknown = await start(script).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "IMAGE_UNSUITABLE", details: { phase: "containers" } });
    const { message } = error as Error;
    expect(message).toContain(why);
    expect(message).toContain(`If the image's entry point (sh -c ${script} --) ignores its arguments`);
    expect(message).toContain("container.withEntrypoint([])");
  });
});

test.each([
  {
    helper: "no-nftables",
    code: "FAULT_UNSUPPORTED",
    message: "The network of node-0 cannot be changed: the kernel of the engine's host lacks packet filters",
  },
  {
    helper: "no-shell",
    code: "FAULT_FAILED",
    message:
      'The helper container of network faults could not be run: its image "testcontainers-redis-cluster/no-shell:stand-in" contains no shell',
  },
] as const)(
  "isolate reports why it failed and changes nothing if the helper is $helper",
  async (expected) => {
    const faultImage = images.get(expected.helper) as string;
    await using cluster = await startRedisCluster({ nodes: 3, replicas: 0, faultImage });
    await expect(cluster.isolate("node-0")).rejects.toMatchObject({
      code: expected.code,
      message: expect.stringContaining(expected.message),
    });
    expect(cluster.activeFaults).toEqual([]);
    expect((await cluster.check()).problems).toEqual([]);
  },
);
