import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { SecondEngine } from "../support/second-engine.ts";

// Tests that need a separate engine, which they stop or whose disk they fill. They need dockerd and root: see vitest.config.ts.

const HELPERS = `
  const report = (word, error) => console.log(word, JSON.stringify({ code: error.code, message: error.message }));
  const waitForSignal = () => new Promise((resolve) => process.once("SIGUSR2", resolve));
  const keepAlive = setInterval(() => {}, 1_000);`;

test("a reset restores a cluster with its addresses after the engine was restarted", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start();
  const image = await engine.loadImage();
  await using program = new ChildProgram(
    `${HELPERS}
    const cluster = await startRedisCluster({ image: "${image}", nodeTimeoutMs: 500 });
    const addresses = cluster.nodes.map(({ networkAddress }) => networkAddress.host);
    console.log("up");
    await waitForSignal();
    await cluster.node("node-0").state().catch((error) => report("unreachable", error));
    console.log("queried");
    await waitForSignal();
    const { strategy, restarted } = await cluster.reset();
    await cluster.client.set("order:42", "paid");
    const { ok, problems } = await cluster.check();
    const hasSameAddresses = cluster.nodes.every(({ networkAddress }, index) => networkAddress.host === addresses[index]);
    console.log("after", JSON.stringify({ strategy, restarted: restarted.length, ok, problems, hasSameAddresses }));
    await cluster.stop();
    clearInterval(keepAlive);`,
    engine.environment,
  );
  await program.waitForLine("up");
  await engine.stop("SIGTERM");
  program.kill("SIGUSR2");
  expect(await program.waitForReport("unreachable")).toMatchObject({
    code: "ENGINE_FAILED",
    message: expect.stringContaining("Failed to read the state of node-0: "),
  });
  await program.waitForLine("queried");
  await engine.boot();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("after")).toEqual({
    strategy: expect.stringMatching(/repaired|rebuilt/),
    restarted: 6,
    ok: true,
    problems: [],
    hasSameAddresses: true,
  });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await engine.listResources()).toEqual([]);
});

test("a start fails with the engine's message if the disk is full, and leaves nothing", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start({ diskMb: 600 });
  const image = await engine.loadImage();
  await using program = new ChildProgram(
    `${HELPERS}
    const start = () => startRedisCluster({ image: "${image}", nodes: 3, replicas: 0 });
    await waitForSignal();
    await start().catch((error) => report("failed", error));
    await waitForSignal();
    const cluster = await start();
    await cluster.client.set("room", "again");
    await cluster.stop();
    clearInterval(keepAlive);
    console.log("ready");`.replace(
      "await waitForSignal();",
      'console.log("waiting"); await waitForSignal();',
    ),
    engine.environment,
  );
  await program.waitForLine("waiting");
  const freeDisk = await engine.fillDisk(0);
  program.kill("SIGUSR2");
  const { code, message } = await program.waitForReport("failed");
  expect(code).toBe("START_FAILED");
  expect(message).toContain("no space left on device");
  await freeDisk();
  expect(await engine.listResources()).toEqual([]);
  program.kill("SIGUSR2");
  await program.waitForLine("ready");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await engine.listResources()).toEqual([]);
});

test("a start fails with image name and engine message if a pull is interrupted", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start();
  const registry = await brokenRegistry();
  try {
    const { port } = registry.address() as AddressInfo;
    await using program = new ChildProgram(
      `${HELPERS}
      await startRedisCluster({ image: "127.0.0.1:${port}/team/redis:8" }).catch((error) => report("failed", error));
      clearInterval(keepAlive);`,
      engine.environment,
    );
    const { code, message } = await program.waitForReport("failed");
    expect(code).toBe("IMAGE_UNAVAILABLE");
    expect(message).toContain(`"127.0.0.1:${port}/team/redis:8"`);
    expect(message).toMatch(/unexpected EOF|short read|unexpected end/i);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(await engine.listResources()).toEqual([]);
  } finally {
    registry.close();
    registry.closeAllConnections();
  }
});

/** Starts a registry that has the image but closes the connection in the middle of its layer. */
async function brokenRegistry(): Promise<Server> {
  const digest = (character: string): string => `sha256:${character.repeat(64)}`;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: { mediaType: "application/vnd.docker.container.image.v1+json", size: 1_000, digest: digest("a") },
    layers: [
      {
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        size: 1_000_000,
        digest: digest("b"),
      },
    ],
  });
  const server = createServer((request, response) => {
    if (request.url?.includes("/manifests/") === true) {
      response.setHeader("content-type", "application/vnd.docker.distribution.manifest.v2+json");
      response.end(request.method === "HEAD" ? undefined : manifest);
    } else if (request.url?.includes("/blobs/") === true) {
      response.setHeader("content-length", 1_000_000);
      response.write("half of it", () => response.socket?.destroy());
    } else {
      response.end("{}");
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}
