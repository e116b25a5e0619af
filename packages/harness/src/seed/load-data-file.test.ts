import type { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import type { Engine } from "../docker/engine.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { loadDataFile } from "./load-data-file.ts";

const NEVER = new AbortController().signal;
const plan = planCluster(validateOptions({ nodes: 3 }, {}), parseSubnet("10.77.0.0/24"), (count) =>
  "a".repeat(count),
);
const image = { entrypoint: [], command: [], workingDir: "/data", user: "", volumes: [], ports: [] };
const file = { path: "0.rdb", settings: {}, files: [] };

/** Returns an engine that answers the creation and the removal of a container with these errors. */
function engineThatFails(creation: Error, removal: Error): Engine {
  const docker = {
    createContainer: () => Promise.reject(creation),
    getContainer: () => ({ remove: () => Promise.reject(removal) }),
  };
  const owner = { pid: 1, startedAt: 1, machine: "machine", folder: "/" };
  return { docker, isLocal: true, host: "127.0.0.1", sessionId: "session", owner } as unknown as Engine;
}

/** Returns an engine whose containers print this output and exit as soon as they are started. */
function engineWithExitingContainers(output: string): Engine {
  const container = {
    id: "id",
    putArchive: () => Promise.resolve(),
    start: () => Promise.resolve(),
    inspect: () =>
      Promise.resolve({
        State: { Status: "exited", Running: false, ExitCode: 1 },
        NetworkSettings: { Ports: {} },
      }),
    logs: () => Promise.resolve(output),
    remove: () => Promise.resolve(),
  };
  const modem = {
    demuxStream: (both: Readable, stdout: Writable) => both.on("data", (chunk) => stdout.write(chunk)),
  };
  const docker = { modem, createContainer: () => Promise.resolve(container), getContainer: () => container };
  return { ...engineThatFails(hangUp, hangUp), docker } as unknown as Engine;
}

const withStatus = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode });
const hangUp = new Error("socket hang up");
const notFound = withStatus(404, "no such container");

async function load(engine: Engine): Promise<{
  readonly error: unknown;
  readonly unconfirmedContainers: Set<string>;
}> {
  const unconfirmedContainers = new Set<string>();
  const loading = loadDataFile({ engine, plan, image, unconfirmedContainers }, file, { bytes: 0 }, NEVER);
  const error: unknown = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, unconfirmedContainers };
}

test("records a server that the engine may have created without a response", async () => {
  const { unconfirmedContainers } = await load(engineThatFails(hangUp, notFound));
  expect([...unconfirmedContainers]).toEqual([expect.stringMatching(new RegExp(`^${plan.name}-seed-`))]);
});

test("does not record a server that the engine refused to create", async () => {
  const { unconfirmedContainers } = await load(
    engineThatFails(withStatus(500, "no available IPv4 addresses"), notFound),
  );
  expect([...unconfirmedContainers]).toEqual([]);
});

test("names the file, the first failure and a remedy even if the removal fails", async () => {
  const { error } = await load(engineThatFails(hangUp, withStatus(500, "internal error")));
  expect(error).toMatchObject({
    code: "START_FAILED",
    message: expect.stringMatching(/^Loading the seed file "0\.rdb" failed: socket hang up\n.*verify that/s),
    details: { file: "0.rdb" },
    cause: hangUp,
  });
});

test("reports the last output of a server that exits before its port is read", async () => {
  const { error, unconfirmedContainers } = await load(engineWithExitingContainers("Bad file format"));
  expect(error).toMatchObject({
    code: "START_FAILED",
    message: expect.stringMatching(/cannot load it\. Its last output:\n *Bad file format\n *Use a file that/),
    details: { file: "0.rdb" },
  });
  expect([...unconfirmedContainers]).toEqual([]);
});
