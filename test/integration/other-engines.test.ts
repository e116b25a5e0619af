import { expect, test } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { docker, leftoversOfProcess } from "../support/engine.ts";
import { RequestRelay } from "../support/request-relay.ts";

test("an engine without control groups rejects pauses and limits, and says what they need", async () => {
  const info = { ...(await (await docker()).info()), CgroupDriver: "none", BuildahVersion: undefined };
  await using relay = await RequestRelay.start(({ path }) =>
    path === "/info" ? { status: 200, body: info } : "pass",
  );
  await using program = new ChildProgram(
    `const limited = await startRedisCluster({ nodes: 3, replicas: 0, memoryMb: 64 }).catch((error) => error);
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    const pause = await cluster.pause("node-0").catch((error) => error);
    const { problems } = await cluster.check();
    await cluster.stop();
    const describe = ({ code, message, details }) => ({ code, message, needs: details.needs });
    console.log("refused", JSON.stringify({ limited: describe(limited), pause: describe(pause), problems }));`,
    relay.environment,
  );
  expect(await program.waitForReport("refused")).toEqual({
    limited: { code: "LIMITS_UNAVAILABLE", message: expect.stringContaining("memoryMb") },
    pause: {
      code: "FAULT_UNSUPPORTED",
      message: expect.stringContaining("without cgroups v2"),
      needs: "cgroups v2, or an engine that runs as root",
    },
    problems: [],
  });
  await program.ended;
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
});

test("an engine that no longer accepts old versions of the API, such as Docker 29, works", async () => {
  const MINIMUM = "1.44";
  await using relay = await RequestRelay.start(({ apiVersion = MINIMUM }) =>
    // Podman's own API has versions such as 4.0.0.
    apiVersion.startsWith("1.") && Number(apiVersion.slice(2)) < Number(MINIMUM.slice(2))
      ? {
          status: 400,
          message: `client version ${apiVersion} is too old. Minimum supported API version is ${MINIMUM}`,
        }
      : "pass",
  );
  await using program = new ChildProgram(
    `const cluster = await startRedisCluster();
    const { promoted } = await cluster.observeFailover(() => cluster.isolate("node-0"));
    await cluster.kill(promoted.name);
    await cluster.reset();
    const { problems } = await cluster.check();
    await cluster.stop();
    console.log("done", JSON.stringify({ promoted: promoted.name, problems }));`,
    relay.environment,
  );
  expect(await program.waitForReport("done")).toEqual({
    promoted: expect.stringMatching(/^node-[345]$/),
    problems: [],
  });
  await program.ended;
  expect(relay.requests.map(({ path }) => path)).toContain("/containers/create");
  expect(await leftoversOfProcess(program.pid)).toEqual([]);
});
