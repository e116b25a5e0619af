import { expect, test } from "vitest";
import { SshServer } from "../support/ssh-server.ts";
import { ChildProgram } from "../support/child-program.ts";
import { isRemote, leftoversOfProcess, OTHER_MACHINE } from "../support/engine.ts";
import { findEngineEndpoint } from "../support/engine-endpoint.ts";

test("an engine behind SSH shows all phases of a failover, and nothing is left of a killed process", async ({
  skip,
}) => {
  skip(await isRemote(), OTHER_MACHINE);
  await using engine = await findEngineEndpoint();
  await using server = await SshServer.start(() => engine.connect());
  await using program = new ChildProgram(
    `
    const { getContainerRuntimeClient } = await import("testcontainers");
    // Without this library, Testcontainers finds the engine only by accident, and takes it for one of this machine.
    await getContainerRuntimeClient().catch(() => {});
    const cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
    const failover = await cluster.observeFailover(() => cluster.kill("node-1"));
    const cut = await cluster.isolate("node-0");
    await cut.heal();
    const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
    console.log("cluster", JSON.stringify({ host, ...failover.phases }));`,
    {
      DOCKER_HOST: `ssh://me@127.0.0.1:${server.port}`,
      DOCKER_TLS_VERIFY: undefined,
      DOCKER_CERT_PATH: undefined,
    },
  );
  // The phases are read from the logs.
  expect(await program.waitForReport("cluster")).toMatchObject({
    host: "127.0.0.1",
    electionScheduledMs: expect.any(Number),
    electionStartedMs: expect.any(Number),
    votesMs: expect.any(Number),
  });
  expect(server.mostUnknown).toBeLessThanOrEqual(2);
  program.kill();
  await expect.poll(() => leftoversOfProcess(program.pid), { timeout: 15_000 }).toEqual([]);
});
