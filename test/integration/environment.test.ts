import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DEFAULT_FAULT_IMAGE } from "testcontainers-redis-cluster";
import { afterAll, describe, expect, test } from "vitest";
import {
  allAddresses,
  docker,
  hasDirectAccess,
  isRemote,
  leftoversOfProcess,
  NO_DIRECT_ACCESS,
  OTHER_MACHINE,
  podmanVersion,
  serverImage,
} from "../support/engine.ts";
import { EngineRelay } from "../support/engine-relay.ts";
import { ChildProgram, isRunning } from "../support/child-program.ts";

// The environment variables and properties that Testcontainers reads: see container-runtime/ and reaper/ in its source. Each test
// starts its own process, because Testcontainers reads most of them only once.

const run = promisify(execFile);
const MIRROR = "registry.trc.test/mirror";
const REAPER = "registry.trc.test/reaper:local";
const HELPER = process.env["TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE"] || DEFAULT_FAULT_IMAGE;

/** Returns a program that starts a small cluster, reports what it finds, and stops the cluster. */
const reportProgram = (options = "{}"): string => `
  const { getContainerRuntimeClient } = await import("testcontainers");
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0, access: "published", ...${options} });
  const docker = (await getContainerRuntimeClient()).container.dockerode;
  const { Config, HostConfig } = await docker.getContainer(cluster.node("node-0").containerId).inspect();
  await cluster.client.set("order:42", "paid");
  console.log("cluster", JSON.stringify({
    image: Config.Image,
    planned: [cluster.plan.image, cluster.plan.faultImage],
    publishedOn: HostConfig.PortBindings["6379/tcp"][0].HostIp,
    host: cluster.node("node-0").mappedAddress.host,
    read: await cluster.client.get("order:42"),
  }));
  await cluster.stop();`;

/** Runs the program of {@link reportProgram} in an environment, and returns its report. */
async function report(
  environment: Readonly<Record<string, string | undefined>>,
  options?: string,
): Promise<Record<string, unknown>> {
  await using program = new ChildProgram(reportProgram(options), environment);
  const result = await program.waitForReport("cluster");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  return result;
}

/** Tags an image. Disposing of the result removes the tag. */
async function tagImage(image: string, name: string): Promise<AsyncDisposable> {
  await run("docker", ["tag", image, name]);
  return {
    [Symbol.asyncDispose]: async () => {
      await run("docker", ["rmi", "--no-prune", name]);
    },
  };
}

/** Creates a home folder with a `.testcontainers.properties`. Disposing of the result deletes the folder. */
async function createHome(properties: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "trc-home-"));
  await writeFile(join(path, ".testcontainers.properties"), properties);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX applies to servers and helpers of faults", async () => {
  await using _server = await tagImage(serverImage(), `${MIRROR}/team/redis:trc`);
  await using _helper = await tagImage(HELPER, `${MIRROR}/team/helper:trc`);
  await using program = new ChildProgram(
    `
    const cluster = await startRedisCluster({
      nodes: 3, replicas: 0, image: "team/redis:trc", faultImage: "team/helper:trc",
    });
    const cut = await cluster.isolate("node-0");
    await cut.heal();
    await cluster.reset();
    console.log("cluster", JSON.stringify([cluster.plan.image, cluster.plan.faultImage]));
    await cluster.stop();`,
    { TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: MIRROR },
  );
  expect(await program.waitForReport("cluster")).toEqual([
    `${MIRROR}/team/redis:trc`,
    `${MIRROR}/team/helper:trc`,
  ]);
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

test("the error IMAGE_UNAVAILABLE contains the image name with its prefix", async () => {
  await using program = new ChildProgram(
    `await startRedisCluster({ image: "trc/none:1" }).catch(({ code, details }) => {
      console.log("failed", JSON.stringify({ code, image: details.image }));
    });`,
    { TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: "127.0.0.1:9/mirror" },
  );
  expect(await program.waitForReport("failed")).toEqual({
    code: "IMAGE_UNAVAILABLE",
    image: "127.0.0.1:9/mirror/trc/none:1",
  });
});

test("the property docker.host selects the engine", async ({ skip }) => {
  skip(await isRemote(), OTHER_MACHINE);
  await using relay = await EngineRelay.start();
  await using home = await createHome(`docker.host=${relay.url}\n`);
  expect(await report({ HOME: home.path, DOCKER_HOST: undefined })).toMatchObject({
    // Podman adds a registry.
    image: (await podmanVersion()) === undefined ? serverImage() : `localhost/${serverImage()}`,
    publishedOn: "127.0.0.1",
    host: "127.0.0.1",
    read: "paid",
  });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("docker.tls.verify and docker.cert.path apply to the library and its watcher", async ({ skip }) => {
  skip(await isRemote(), OTHER_MACHINE);
  const folder = await mkdtemp(join(tmpdir(), "trc-certificates-"));
  try {
    const file = (name: string): string => join(folder, `${name}.pem`);
    await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", "/CN=engine", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", file("key"), "-out", file("cert")],
    ]);
    await copyFile(file("cert"), file("ca"));
    const [cert, key] = await Promise.all(["cert", "key"].map((name) => readFile(file(name), "utf8")));
    await using relay = await EngineRelay.start("127.0.0.1", { cert: cert as string, key: key as string });
    await using home = await createHome(
      `docker.host=${relay.url}\ndocker.tls.verify=1\ndocker.cert.path=${folder}\n`,
    );
    await using program = new ChildProgram(reportProgram().replace("await cluster.stop();", ""), {
      HOME: home.path,
      DOCKER_HOST: undefined,
    });
    expect(await program.waitForReport("cluster")).toMatchObject({ publishedOn: "127.0.0.1", read: "paid" });
    const before = relay.connectionCount;
    expect(before).toBeGreaterThan(0);
    program.kill();
    await expect.poll(() => leftoversOfProcess(program.pid), { timeout: 15_000 }).toEqual([]);
    expect(relay.connectionCount).toBeGreaterThan(before);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the property tc.host selects the engine and disables the host override", async ({ skip }) => {
  skip(await isRemote(), OTHER_MACHINE);
  await using relay = await EngineRelay.start("127.0.0.1");
  await using home = await createHome(`tc.host=${relay.url}\n`);
  const environment = { HOME: home.path, TESTCONTAINERS_HOST_OVERRIDE: "engine.invalid" };
  expect(await report(environment)).toMatchObject({ publishedOn: "127.0.0.1", host: "127.0.0.1" });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("TESTCONTAINERS_HOST_OVERRIDE applies to ports, addresses and certificates", async ({ skip }) => {
  skip(await isRemote(), OTHER_MACHINE);
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  const host = external?.address ?? "";
  expect(await report({ TESTCONTAINERS_HOST_OVERRIDE: host }, "{ tls: true }")).toMatchObject({
    publishedOn: await allAddresses(),
    host,
    read: "paid",
  });
});

test("DOCKER_HOST can contain an IPv6 address, also if the nodes use TLS", async ({ skip }) => {
  skip(await isRemote(), OTHER_MACHINE);
  skip((await podmanVersion()) !== undefined, "Podman forwards no ports from IPv6 to a network of IPv4");
  await using relay = await EngineRelay.start("::1");
  expect(await report(relay.environment, "{ tls: true }")).toMatchObject({
    publishedOn: "::1",
    host: "::1",
    read: "paid",
  });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("a pull uses DOCKER_AUTH_CONFIG, and reports the engine's error if it fails", async ({ skip }) => {
  skip(!(await hasDirectAccess()), NO_DIRECT_ACCESS); // the engine must reach the registry on loopback
  skip(
    (await podmanVersion()) !== undefined,
    "Podman requires HTTPS of a registry, unless its configuration names it",
  );
  const registry = await startPrivateRegistry();
  try {
    const name = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const auth = Buffer.from("user:secret").toString("base64");
    const pull = async (environment: Readonly<Record<string, string>>): Promise<string> => {
      await using program = new ChildProgram(
        `await startRedisCluster({ image: "${name}/team/redis:8" }).catch(({ code, message }) => {
          console.log("failed", JSON.stringify({ code, message }));
        });`,
        environment,
      );
      const { code, message } = await program.waitForReport("failed");
      expect(code).toBe("IMAGE_UNAVAILABLE");
      return String(message);
    };
    const [withCredentials, withoutCredentials] = await Promise.all([
      pull({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [name]: { auth } } }) }),
      pull({ DOCKER_AUTH_CONFIG: "{}" }),
    ]);
    expect(withCredentials).toMatch(/verification failed|unexpected commit digest/);
    expect(withoutCredentials).toMatch(/no basic auth credentials/);
  } finally {
    registry.close();
    registry.closeAllConnections();
  }
});

/** Starts a registry that requires a password. The configuration of its image does not match its digest. */
async function startPrivateRegistry(): Promise<Server> {
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const config = "{}";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.length,
      digest: `sha256:${"a".repeat(64)}`,
    },
    layers: [],
  });
  const server = createServer((request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="trc"' }).end("{}");
    } else if (request.url?.includes("/manifests/") === true) {
      response.setHeader("content-type", type);
      response.end(request.method === "HEAD" ? undefined : manifest);
    } else {
      response.end(config);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

describe("with Testcontainers' reaper", () => {
  afterAll(async () => {
    const engine = await docker();
    const reapers = await engine.listContainers({ all: true, filters: { ancestor: [REAPER] } });
    await Promise.all(reapers.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true })));
    await run("docker", ["rmi", "--no-prune", REAPER]);
  });

  test("only the reaper uses the socket override, and the watcher still cleans up", async () => {
    await buildReaper();
    await using program = new ChildProgram(
      `await startRedisCluster({ nodes: 3, replicas: 0 });
      console.log("up");`,
      {
        TESTCONTAINERS_RYUK_DISABLED: "false",
        RYUK_CONTAINER_IMAGE: REAPER,
        // This is not a socket, so anything else that used it to reach the engine would fail.
        TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: "/dev/null",
      },
    );
    await program.waitForLine("up");
    const engine = await docker();
    const reapers = await engine.listContainers({ filters: { ancestor: [REAPER] } });
    expect(reapers.map(({ State }) => State)).toEqual(["running"]);
    const { HostConfig } = await engine.getContainer(reapers[0]?.Id ?? "").inspect();
    expect(HostConfig.Binds).toEqual([expect.stringMatching(/^\/dev\/null:\/var\/run\/docker\.sock/)]);
    const watchers = await program.watcherPids();
    program.kill();
    await expect.poll(() => leftoversOfProcess(program.pid), { timeout: 15_000 }).toEqual([]);
    await expect.poll(() => watchers.filter(isRunning), { timeout: 15_000 }).toEqual([]);
  });
});

/** Builds a stand-in for Ryuk that accepts connections and removes nothing, as Ryuk does while any process is connected. */
async function buildReaper(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "trc-reaper-"));
  try {
    const command = "echo Started; exec redis-server --port 8080 --protected-mode no --save ''";
    await writeFile(
      join(folder, "Dockerfile"),
      // Without the port that the server image exposes, for which Testcontainers would wait with Podman 4.
      `FROM ${serverImage()} AS server\nFROM scratch\nCOPY --from=server / /\nENTRYPOINT ${JSON.stringify(["sh", "-c", command])}\n`,
    );
    await run("docker", ["build", "--quiet", "--tag", REAPER, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
