import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { failRequest } from "../reliability/requests.ts";
import { docker, isPodman4, leftoversOfProcess } from "../support/engine.ts";
import { type EngineRequest, type RequestHandling, RequestRelay } from "../support/request-relay.ts";

const pids: number[] = [];
afterEach(async () => {
  for (const pid of pids.splice(0)) expect(await leftoversOfProcess(pid)).toEqual([]);
});

/** Starts a program whose requests to the engine go through the relay. */
function startProgram(body: string, environment: Readonly<Record<string, string | undefined>>): ChildProgram {
  const program = new ChildProgram(body, environment);
  pids.push(program.pid);
  return program;
}

/** Whether a request removes a container. */
function isRemoval({ method, path }: EngineRequest): boolean {
  return method === "DELETE" && path.startsWith("/containers/");
}

const START_AND_STOP = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  await cluster.stop();
  console.log("stopped", "true");`;

/**
 * Starts a relay for a program whose removals are observed. Only the sweep lists volumes, and ends without the list. Otherwise it
 * would also remove what processes have left that other tests have just killed.
 */
function startRelayWithoutSweep(decide: (request: EngineRequest) => RequestHandling): Promise<RequestRelay> {
  return RequestRelay.start((request) =>
    request.path === "/volumes" ? { status: 500, message: "no volumes can be listed" } : decide(request),
  );
}

/** With Podman 4, the library lists networks with Podman's own API. */
const LIST_OF_NETWORKS = (await isPodman4()) ? "GET /libpod/networks/json" : "GET /networks";

// A small part of `./dev reliability --only requests`, which does this for every request of a start.
test.each([
  ["POST /networks/create", "unanswered"],
  ["POST /containers/create", "unanswered"],
  ["POST /containers/create", "unseen"],
  [LIST_OF_NETWORKS, "refused"],
] as const)("a start leaves nothing and names the step if %s is %s", async (target, failure) => {
  const { problem, outcome, request } = await failRequest(target, failure);
  expect(problem).toBeUndefined();
  expect(request).toBe(target);
  expect(outcome).toMatch(/^(START_FAILED|ENGINE_FAILED)$/);
});

test("a start leaves nothing if the creation of the seed server is not answered", async () => {
  // The server of the seed file is the fourth container, after the three nodes.
  const scenario = await failRequest("POST /containers/create", "unanswered", 4);
  expect(scenario.problem).toBeUndefined();
  expect(scenario.outcome).toBe("START_FAILED");
  expect(scenario.message).toContain("Loading the seed file");
});

test("a start removes a container if its files cannot be copied", async () => {
  await using relay = await RequestRelay.start(() => "pass");
  await using program = startProgram(
    `await startRedisCluster({ nodes: 3, replicas: 0, configureNode: (container) => {
      container.withCopyFilesToContainer([{ source: "/no/such.lua", target: "/such.lua" }]);
    } }).catch(({ code, message }) => console.log("failed", JSON.stringify({ code, message })));`,
    relay.environment,
  );
  expect(await program.waitForReport("failed")).toEqual({
    code: "START_FAILED",
    message: expect.stringMatching(/^node-\d could not be started: .*such\.lua/),
  });
  expect(relay.requests.map(({ path }) => path)).toContain("/containers/create");
});

test("a failed start cleans up without waiting for the sweep of orphans", async () => {
  // Only the sweep lists volumes, and this request is never answered.
  await using relay = await RequestRelay.start(({ path }) => {
    if (path === "/volumes") return "hang";
    return path === "/containers/create" ? { status: 500, message: "no space left on device" } : "pass";
  });
  await using program = startProgram(
    `await startRedisCluster({ nodes: 3, replicas: 0 })
      .catch(({ code, message, details }) => console.log("failed", JSON.stringify({ code, message, keys: Object.keys(details) })));`,
    relay.environment,
  );
  const { code, message, keys } = await program.waitForReport("failed");
  expect(relay.requests.map(({ path }) => path)).toContain("/volumes");
  expect(code).toBe("START_FAILED");
  expect(message).not.toContain("Removing what the start had created");
  expect(keys).not.toContain("cleanupError");
});

test.each([
  ["20.10.24+dfsg1", "one after the other"],
  ["28.5.2", "at the same time"],
])("Docker %s removes the containers of a cluster %s", async (version, manner) => {
  const info = { ...(await (await docker()).info()), ServerVersion: version, BuildahVersion: undefined };
  const second = Promise.withResolvers<string>();
  const observed: Promise<string>[] = [];
  await using relay = await startRelayWithoutSweep((request) => {
    if (request.path === "/info") return { status: 200, body: info };
    if (!isRemoval(request)) return "pass";
    if (observed.length > 0) {
      second.resolve("at the same time");
      return "pass";
    }
    // The engine receives the first removal half a second later, unless another removal arrives before.
    const first = Promise.race([second.promise, sleep(500, "one after the other")]);
    observed.push(first);
    return first.then(() => "pass" as const);
  });
  await using program = startProgram(START_AND_STOP, relay.environment);
  await program.waitForReport("stopped");
  expect(await Promise.all(observed)).toEqual([manner]);
});

test("stop() repeats a removal that the engine cannot do yet", async () => {
  const attempts = new Map<string, number>();
  await using relay = await startRelayWithoutSweep((request) => {
    if (!isRemoval(request)) return "pass";
    const attempt = (attempts.get(request.path) ?? 0) + 1;
    attempts.set(request.path, attempt);
    return attempt === 1 ? { status: 500, message: "replacing mount point: directory not empty" } : "pass";
  });
  await using program = startProgram(START_AND_STOP, relay.environment);
  await program.waitForReport("stopped");
  expect([...attempts.values()]).toEqual([2, 2, 2]);
});

test("stop() accepts that the engine has removed a container, but not all of its files", async () => {
  const engine = await docker();
  await using relay = await startRelayWithoutSweep((request) => {
    if (!isRemoval(request)) return "pass";
    const message = "removing storage for container: replacing mount point: directory not empty";
    const removed = engine
      .getContainer(request.path.slice("/containers/".length))
      .remove({ force: true, v: true });
    return removed.then(() => ({ status: 500, message }));
  });
  await using program = startProgram(START_AND_STOP, relay.environment);
  await program.waitForReport("stopped");
  expect(relay.requests.filter(isRemoval)).toHaveLength(3);
});

test("a start and a restart use another free port if a program has taken the first", async () => {
  let attempts = 0;
  await using relay = await RequestRelay.start(({ path }) => {
    if (!path.endsWith("/start") || ++attempts % 3 === 0) return "pass";
    return {
      status: 500,
      message:
        "driver failed programming external connectivity: Bind for 127.0.0.1:49153 failed: port is already allocated",
    };
  });
  await using program = startProgram(
    `const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await (await cluster.kill("node-1")).heal();
    const { problems } = await cluster.check();
    console.log("up", JSON.stringify({ problems, reason: cluster.startup.hardeningFallbackReason ?? null }));
    await cluster.stop();`,
    relay.environment,
  );
  expect(await program.waitForReport("up")).toEqual({ problems: [], reason: null });
  // Four starts of containers, each of which succeeds at the third attempt.
  expect(attempts).toBe(12);
  expect((await program.ended).code).toBe(0);
});

describe("if the engine rejects the hardening of containers", () => {
  const createDenial = (feature: string): RequestHandling => ({
    status: 403,
    message: `authorization denied by plugin pipelines: ${feature} is not allowed`,
  });
  const hostConfig = ({ body }: EngineRequest): Record<string, unknown[] | undefined> =>
    (JSON.parse(body.toString()) as { HostConfig: Record<string, unknown[] | undefined> }).HostConfig;
  const rejectSettings =
    (...settings: readonly string[]) =>
    (request: EngineRequest): RequestHandling => {
      if (request.path !== "/containers/create") return "pass";
      const config = hostConfig(request);
      const found = settings.find((setting) => (config[setting]?.length ?? 0) > 0);
      return found === undefined ? "pass" : createDenial(found);
    };

  test.each([["Mounts"], ["SecurityOpt"], ["CapDrop"]])("nodes start without %s", async (setting) => {
    await using relay = await RequestRelay.start(rejectSettings(setting));
    await using program = startProgram(
      `const cluster = await startRedisCluster({ nodes: 3, replicas: 0, readOnlyRoot: ${setting === "Mounts"} });
      await cluster.client.set("order:42", "paid");
      await cluster.kill("node-1");
      await cluster.reset();
      const { problems } = await cluster.check();
      console.log("up", JSON.stringify({ problems, reason: cluster.startup.hardeningFallbackReason }));
      await cluster.stop();`,
      { ...relay.environment, DEBUG: "testcontainers-redis-cluster*" },
    );
    expect(await program.waitForReport("up")).toEqual({
      problems: [],
      reason: expect.stringContaining(`authorization denied by plugin pipelines: ${setting} is not allowed`),
    });
    const created = relay.requests.filter(({ path }) => path === "/containers/create").map(hostConfig);
    for (const name of ["Mounts", "SecurityOpt", "CapDrop", "CapAdd"]) {
      expect(created.at(-1)?.[name] ?? []).toEqual([]);
    }
    expect((await program.ended).code).toBe(0);
  });

  test("a network fault reports the missing capability and nodes start", async () => {
    await using relay = await RequestRelay.start(rejectSettings("CapAdd"));
    await using program = startProgram(
      `const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      const reason = cluster.startup.hardeningFallbackReason;
      await cluster.isolate("node-0").catch(({ code, message }) => console.log("fault", JSON.stringify({ code, message, reason })));
      await cluster.stop();`,
      relay.environment,
    );
    expect(await program.waitForReport("fault")).toEqual({
      code: "FAULT_UNSUPPORTED",
      message: expect.stringContaining(
        "The engine forbids the helper container of network faults, which needs the capability NET_ADMIN",
      ),
      reason: expect.stringContaining("CapAdd is not allowed"),
    });
    expect((await program.ended).code).toBe(0);
  });

  test("a start fails with the engine's answer if it rejects every container", async () => {
    await using relay = await RequestRelay.start((request) =>
      request.path === "/containers/create" ? createDenial("Command") : "pass",
    );
    await using program = startProgram(
      `await startRedisCluster({ nodes: 3, replicas: 0 })
        .catch(({ code, message }) => console.log("failed", JSON.stringify({ code, message })));`,
      relay.environment,
    );
    expect(await program.waitForReport("failed")).toEqual({
      code: "START_FAILED",
      message: expect.stringMatching(
        /^node-\d could not be started: the engine refused its container \(.*Command is not allowed/,
      ),
    });
  });
});

describe("a reset while the engine still has to execute an abandoned kill", () => {
  const ABANDON_KILL = `
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0, access: "published" });
    const { code } = await cluster.kill("node-1", { timeoutMs: 200 }).catch((error) => error);
    console.log("kill", JSON.stringify({ code }));`;

  test("verifies the cluster after the kill", async () => {
    const killMayProceed = Promise.withResolvers<"pass">();
    let killedContainer: string | undefined;
    let isRestarted = false;
    await using relay = await RequestRelay.start(({ path }) => {
      const [, container, action] = /^\/containers\/([0-9a-f]{64})\/(kill|start|json)$/.exec(path) ?? [];
      if (action === "kill" && killedContainer === undefined) {
        killedContainer = container;
        return killMayProceed.promise;
      }
      if (container !== undefined && container === killedContainer) {
        // The reset has restarted the node and reads its new port.
        if (action === "json" && isRestarted) killMayProceed.resolve("pass");
        isRestarted ||= action === "start";
      }
      return "pass";
    });
    await using program = startProgram(
      `${ABANDON_KILL}
      const { strategy, reason, restarted } = await cluster.reset();
      const { problems } = await cluster.check();
      const { status } = await cluster.node("node-1").state();
      console.log("reset", JSON.stringify({ strategy, reason, restarted, problems, status }));
      await cluster.stop();`,
      relay.environment,
    );
    expect(await program.waitForReport("kill")).toEqual({ code: "WAIT_TIMEOUT" });
    expect(await program.waitForReport("reset")).toEqual({
      strategy: "repaired",
      reason: expect.stringContaining("Killing node-1 was abandoned, and may still take effect"),
      restarted: ["node-1"],
      problems: [],
      status: "running",
    });
    expect((await program.ended).code).toBe(0);
  });

  test("fails if the engine never executes the kill", async () => {
    let isHeld = false;
    await using relay = await RequestRelay.start(({ path }) => {
      if (isHeld || !path.endsWith("/kill")) return "pass";
      isHeld = true;
      return new Promise<"pass">(() => {});
    });
    await using program = startProgram(
      `${ABANDON_KILL}
      const { code: resetCode, message } = await cluster.reset().catch((error) => error);
      await cluster.stop();
      console.log("reset", JSON.stringify({ code: resetCode, message }));`,
      relay.environment,
    );
    expect(await program.waitForReport("kill")).toEqual({ code: "WAIT_TIMEOUT" });
    expect(await program.waitForReport("reset")).toEqual({
      code: "RESET_FAILED",
      message: expect.stringContaining(
        "The cluster could not be verified: Killing node-1 was abandoned, and may still take effect.",
      ),
    });
  });
});
