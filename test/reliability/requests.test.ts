import { afterEach, describe, expect, test } from "vitest";
import { leftovers } from "../support/engine.ts";
import { type EngineRequest, type RequestHandling, RequestRelay } from "../support/request-relay.ts";
import { ChildProgram } from "../support/child-program.ts";
import { failRequest } from "./requests.ts";

afterEach(async () => {
  expect(await leftovers()).toEqual([]);
});

// A part of what `./dev reliability --only requests` does with each request of a start.
test.each([
  ["POST /networks/create", "unanswered"],
  ["POST /containers/create", "unanswered"],
  ["POST /containers/create", "unseen"],
  ["GET /networks", "refused"],
] as const)("a start whose %s is %s leaves nothing and names the step", async (which, failure) => {
  const { problem, outcome, request } = await failRequest(which, failure);
  expect(problem).toBeUndefined();
  expect(request).toBe(which);
  expect(outcome).toMatch(/^(START_FAILED|ENGINE_FAILED)$/);
});

test("a start whose server for the files of its seed is created without an answer leaves nothing", async () => {
  // The fourth container, after those of the three nodes.
  const scenario = await failRequest("POST /containers/create", "unanswered", 4);
  expect(scenario.problem).toBeUndefined();
  expect(scenario.outcome).toBe("START_FAILED");
  expect(scenario.message).toContain("Loading the seed file");
});

test("a container whose files cannot be copied is removed", async () => {
  await using relay = await RequestRelay.start(() => "pass");
  await using program = new ChildProgram(
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

test("a start that fails removes what it made without waiting for the sweep", async () => {
  // Only the sweep lists volumes, and its list never comes.
  await using relay = await RequestRelay.start(({ path }) => {
    if (path === "/volumes") return "hang";
    return path === "/containers/create" ? { status: 500, message: "no space left on device" } : "pass";
  });
  await using program = new ChildProgram(
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

test("a free port that another program takes meanwhile is replaced by another one, in a start and in a restart", async () => {
  let races = 0;
  await using relay = await RequestRelay.start(({ path }) => {
    if (!path.endsWith("/start") || ++races % 3 === 0) return "pass";
    return {
      status: 500,
      message:
        "driver failed programming external connectivity: Bind for 127.0.0.1:49153 failed: port is already allocated",
    };
  });
  await using program = new ChildProgram(
    `const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    await (await cluster.kill("node-1")).heal();
    const { problems } = await cluster.check();
    console.log("up", JSON.stringify({ problems, because: cluster.startup.hardeningDroppedBecause ?? null }));
    await cluster.stop();`,
    relay.environment,
  );
  expect(await program.waitForReport("up")).toEqual({ problems: [], because: null });
  // Four containers' starts, of which each third succeeded.
  expect(races).toBe(12);
  expect((await program.ended).code).toBe(0);
});

describe("an engine that refuses", () => {
  const denied = (what: string): RequestHandling => ({
    status: 403,
    message: `authorization denied by plugin pipelines: ${what} is not allowed`,
  });
  const hostConfig = ({ body }: EngineRequest): Record<string, unknown[] | undefined> =>
    (JSON.parse(body.toString()) as { HostConfig: Record<string, unknown[] | undefined> }).HostConfig;
  const refusing =
    (...settings: readonly string[]) =>
    (request: EngineRequest): RequestHandling => {
      if (request.path !== "/containers/create") return "pass";
      const given = hostConfig(request);
      const found = settings.find((setting) => (given[setting]?.length ?? 0) > 0);
      return found === undefined ? "pass" : denied(found);
    };

  test.each([["Mounts"], ["SecurityOpt"], ["CapDrop"]])("%s starts the nodes without", async (setting) => {
    await using relay = await RequestRelay.start(refusing(setting));
    await using program = new ChildProgram(
      `const cluster = await startRedisCluster({ nodes: 3, replicas: 0, readOnlyRoot: ${setting === "Mounts"} });
      await cluster.client.set("order:42", "paid");
      await cluster.kill("node-1");
      await cluster.reset();
      const { problems } = await cluster.check();
      console.log("up", JSON.stringify({ problems, because: cluster.startup.hardeningDroppedBecause }));
      await cluster.stop();`,
      { ...relay.environment, DEBUG: "testcontainers-redis-cluster*" },
    );
    expect(await program.waitForReport("up")).toEqual({
      problems: [],
      because: expect.stringContaining(`authorization denied by plugin pipelines: ${setting} is not allowed`),
    });
    const created = relay.requests.filter(({ path }) => path === "/containers/create").map(hostConfig);
    for (const each of ["Mounts", "SecurityOpt", "CapDrop", "CapAdd"]) {
      expect(created.at(-1)?.[each] ?? []).toEqual([]);
    }
    expect((await program.ended).code).toBe(0);
  });

  test("the helper of network faults is named by what it needs, and the rest works", async () => {
    await using relay = await RequestRelay.start(refusing("CapAdd"));
    await using program = new ChildProgram(
      `const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
      const because = cluster.startup.hardeningDroppedBecause;
      await cluster.isolate("node-0").catch(({ code, message }) => console.log("fault", JSON.stringify({ code, message, because })));
      await cluster.stop();`,
      relay.environment,
    );
    expect(await program.waitForReport("fault")).toEqual({
      code: "FAULT_UNSUPPORTED",
      message: expect.stringContaining(
        "The engine forbids the helper container of network faults, which needs the capability NET_ADMIN",
      ),
      because: expect.stringContaining("CapAdd is not allowed"),
    });
    expect((await program.ended).code).toBe(0);
  });

  test("every container is told of with both of the engine's answers", async () => {
    await using relay = await RequestRelay.start((request) =>
      request.path === "/containers/create" ? denied("Command") : "pass",
    );
    await using program = new ChildProgram(
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

describe("a reset after a kill that its caller gave up, and that the engine has not done yet,", () => {
  const GIVE_UP = `
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    const { code } = await cluster.kill("node-1", { timeoutMs: 200 }).catch((error) => error);
    console.log("kill", JSON.stringify({ code }));`;

  test("verifies the cluster after the kill", async () => {
    const replaced = Promise.withResolvers<void>();
    let killed: string | undefined;
    let startedAgain = false;
    await using relay = await RequestRelay.start(({ path }) => {
      const [, container, action] = /^\/containers\/([0-9a-f]{64})\/(kill|start|json)$/.exec(path) ?? [];
      if (action === "kill" && killed === undefined) {
        killed = container;
        return replaced.promise;
      }
      if (container !== undefined && container === killed) {
        // The reset has started the node again, and asks for its new port.
        if (action === "json" && startedAgain) replaced.resolve();
        startedAgain ||= action === "start";
      }
      return "pass";
    });
    await using program = new ChildProgram(
      `${GIVE_UP}
      const { way, because, restarted } = await cluster.reset();
      const { problems } = await cluster.check();
      const { status } = await cluster.node("node-1").state();
      console.log("reset", JSON.stringify({ way, because, restarted, problems, status }));
      await cluster.stop();`,
      relay.environment,
    );
    expect(await program.waitForReport("kill")).toEqual({ code: "WAIT_TIMEOUT" });
    expect(await program.waitForReport("reset")).toEqual({
      way: "mended",
      because: expect.stringContaining("Killing node-1 was abandoned, and may still take effect"),
      restarted: ["node-1"],
      problems: [],
      status: "running",
    });
    expect((await program.ended).code).toBe(0);
  });

  test("fails if the engine never does it", async () => {
    let held = false;
    await using relay = await RequestRelay.start(({ path }) => {
      if (held || !path.endsWith("/kill")) return "pass";
      held = true;
      return new Promise<void>(() => {});
    });
    await using program = new ChildProgram(
      `${GIVE_UP}
      const { code: failed, message } = await cluster.reset().catch((error) => error);
      await cluster.stop();
      console.log("reset", JSON.stringify({ code: failed, message }));`,
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
