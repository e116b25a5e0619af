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
import { docker, leftoversOfProcess, serverImage } from "../support/engine.ts";
import { EngineRelay } from "../support/engine-relay.ts";
import { ChildProgram, isRunning } from "../support/child-program.ts";

// The environment variables and properties that Testcontainers reads, each in a process of its own: Testcontainers reads
// most of them once. Which there are: container-runtime/ and reaper/ in its source.

const run = promisify(execFile);
const MIRROR = "registry.trc.test/mirror";
const REAPER = "registry.trc.test/reaper:local";
const HELPER = process.env["TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE"] || DEFAULT_FAULT_IMAGE;

/** Starts a small cluster, reports on it, and stops it. */
const REPORT = (options = "{}"): string => `
  const { getContainerRuntimeClient } = await import("testcontainers");
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0, ...${options} });
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

async function report(
  environment: Readonly<Record<string, string | undefined>>,
  options?: string,
): Promise<Record<string, unknown>> {
  await using program = new ChildProgram(REPORT(options), environment);
  const told = await program.waitForReport("cluster");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  return told;
}

/** Tags an image, and takes the tag away when it is disposed of. */
async function tagged(image: string, name: string): Promise<AsyncDisposable> {
  await run("docker", ["tag", image, name]);
  return {
    [Symbol.asyncDispose]: async () => {
      await run("docker", ["rmi", "--no-prune", name]);
    },
  };
}

/** A home folder with a `.testcontainers.properties`. */
async function homeWith(properties: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "trc-home-"));
  await writeFile(join(path, ".testcontainers.properties"), properties);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX applies to servers and the faults' helper", async () => {
  await using _server = await tagged(serverImage(), `${MIRROR}/team/redis:trc`);
  await using _helper = await tagged(HELPER, `${MIRROR}/team/helper:trc`);
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

test("IMAGE_UNAVAILABLE has the name with the prefix", async () => {
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

test("the property docker.host names the engine", async () => {
  await using relay = await EngineRelay.start();
  await using home = await homeWith(`docker.host=${relay.url}\n`);
  expect(await report({ HOME: home.path, DOCKER_HOST: undefined })).toMatchObject({
    image: serverImage(),
    publishedOn: "127.0.0.1",
    host: "127.0.0.1",
    read: "paid",
  });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("docker.tls.verify and docker.cert.path apply to the engine and the watcher", async () => {
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
    await using home = await homeWith(
      `docker.host=${relay.url}\ndocker.tls.verify=1\ndocker.cert.path=${folder}\n`,
    );
    await using program = new ChildProgram(REPORT().replace("await cluster.stop();", ""), {
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

test("the property tc.host names the engine and ignores the host override", async () => {
  await using relay = await EngineRelay.start("127.0.0.1");
  await using home = await homeWith(`tc.host=${relay.url}\n`);
  const environment = { HOME: home.path, TESTCONTAINERS_HOST_OVERRIDE: "engine.invalid" };
  expect(await report(environment)).toMatchObject({ publishedOn: "127.0.0.1", host: "127.0.0.1" });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("TESTCONTAINERS_HOST_OVERRIDE applies to ports, addresses and certificates", async () => {
  const external = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  const host = external?.address ?? "";
  expect(await report({ TESTCONTAINERS_HOST_OVERRIDE: host }, "{ tls: true }")).toMatchObject({
    publishedOn: "0.0.0.0",
    host,
    read: "paid",
  });
});

test("DOCKER_HOST may contain an IPv6 address, also with TLS between the nodes", async () => {
  await using relay = await EngineRelay.start("::1");
  expect(await report(relay.environment, "{ tls: true }")).toMatchObject({
    publishedOn: "::1",
    host: "::1",
    read: "paid",
  });
  expect(relay.connectionCount).toBeGreaterThan(0);
});

test("DOCKER_AUTH_CONFIG applies to pulls, which fail with the engine's words", async () => {
  const registry = await privateRegistry();
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
    const [withThem, without] = await Promise.all([
      pull({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [name]: { auth } } }) }),
      pull({ DOCKER_AUTH_CONFIG: "{}" }),
    ]);
    expect(withThem).toMatch(/verification failed|unexpected commit digest/);
    expect(without).toMatch(/no basic auth credentials/);
  } finally {
    registry.close();
    registry.closeAllConnections();
  }
});

/** A registry that asks for a password, and serves an image whose configuration has other bytes than it should. */
async function privateRegistry(): Promise<Server> {
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
    const left = await engine.listContainers({ all: true, filters: { ancestor: [REAPER] } });
    await Promise.all(left.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true })));
    await run("docker", ["rmi", "--no-prune", REAPER]);
  });

  test("applies the socket override to the reaper alone, and removes what the reaper keeps of a killed process", async () => {
    await buildReaper();
    await using program = new ChildProgram(
      `await startRedisCluster({ nodes: 3, replicas: 0 });
      console.log("up");`,
      {
        TESTCONTAINERS_RYUK_DISABLED: "false",
        RYUK_CONTAINER_IMAGE: REAPER,
        // No socket: whatever else took it for the engine's would fail.
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

/** Builds a stand-in for Ryuk that accepts connections and removes nothing, as Ryuk does while any process lives. */
async function buildReaper(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "trc-reaper-"));
  try {
    const command = "echo Started; exec redis-server --port 8080 --protected-mode no --save ''";
    await writeFile(
      join(folder, "Dockerfile"),
      `FROM ${serverImage()}\nENTRYPOINT ${JSON.stringify(["sh", "-c", command])}\n`,
    );
    await run("docker", ["build", "--quiet", "--tag", REAPER, folder], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
