import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { SecondEngine } from "../support/second-engine.ts";
import { ChildProgram } from "../support/child-program.ts";

// What only an engine of one's own can be made to do. It needs dockerd and root: see vitest.config.ts.

const TELL = `
  const tell = (word, error) => console.log(word, JSON.stringify({ code: error.code, message: error.message }));
  const signalled = () => new Promise((resolve) => process.once("SIGUSR2", resolve));
  const alive = setInterval(() => {}, 1_000);`;

test("a cluster under which the engine was restarted is whole again after a reset, with its addresses", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start();
  const image = await engine.loadImage();
  await using program = new ChildProgram(
    `${TELL}
    const cluster = await startRedisCluster({ image: "${image}", nodeTimeoutMs: 500 });
    const addresses = cluster.nodes.map(({ networkAddress }) => networkAddress.host);
    console.log("up");
    await signalled();
    await cluster.node("node-0").state().catch((error) => tell("away", error));
    console.log("asked");
    await signalled();
    const { way, restarted } = await cluster.reset();
    await cluster.client.set("order:42", "paid");
    const { ok, problems } = await cluster.check();
    const same = cluster.nodes.every(({ networkAddress }, index) => networkAddress.host === addresses[index]);
    console.log("again", JSON.stringify({ way, restarted: restarted.length, ok, problems, same }));
    await cluster.stop();
    clearInterval(alive);`,
    engine.environment,
  );
  await program.waitForLine("up");
  await engine.stop("SIGTERM");
  program.kill("SIGUSR2");
  expect(await program.waitForReport("away")).toMatchObject({
    code: "ENGINE_FAILED",
    message: expect.stringContaining("Failed to read the state of node-0: "),
  });
  await program.waitForLine("asked");
  await engine.boot();
  program.kill("SIGUSR2");
  expect(await program.waitForReport("again")).toEqual({
    way: expect.stringMatching(/mended|rebuilt/),
    restarted: 6,
    ok: true,
    problems: [],
    same: true,
  });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await engine.listResources()).toEqual([]);
});

test("a full disk ends a start with the engine's own words and leaves nothing; with room again it works", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start({ diskMb: 600 });
  const image = await engine.loadImage();
  await using program = new ChildProgram(
    `${TELL}
    const start = () => startRedisCluster({ image: "${image}", nodes: 3, replicas: 0 });
    await signalled();
    await start().catch((error) => tell("failed", error));
    await signalled();
    const cluster = await start();
    await cluster.client.set("room", "again");
    await cluster.stop();
    clearInterval(alive);
    console.log("ready");`.replace("await signalled();", 'console.log("waiting"); await signalled();'),
    engine.environment,
  );
  await program.waitForLine("waiting");
  const free = await engine.fillDisk(0);
  program.kill("SIGUSR2");
  const { code, message } = await program.waitForReport("failed");
  expect(code).toBe("START_FAILED");
  expect(message).toContain("no space left on device");
  await free();
  expect(await engine.listResources()).toEqual([]);
  program.kill("SIGUSR2");
  await program.waitForLine("ready");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(await engine.listResources()).toEqual([]);
});

test("a pull that is cut off is told with the image's name and the engine's words, and leaves nothing", {
  timeout: 120_000,
}, async () => {
  await using engine = await SecondEngine.start();
  const registry = await brokenRegistry();
  try {
    const { port } = registry.address() as AddressInfo;
    await using program = new ChildProgram(
      `${TELL}
      await startRedisCluster({ image: "127.0.0.1:${port}/team/redis:8" }).catch((error) => tell("failed", error));
      clearInterval(alive);`,
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

/** A registry that has the image, and hangs up in the middle of its layer. */
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
