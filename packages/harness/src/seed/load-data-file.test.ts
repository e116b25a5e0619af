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
const image = { entrypoint: [], command: [], workingDir: "/data", user: "", volumes: [] };
const file = { path: "0.rdb", settings: {}, files: [] };

/** An engine whose answer to a create request is this error, and to a removal that one. */
function failing(creation: Error, removal: Error): Engine {
  const docker = {
    createContainer: () => Promise.reject(creation),
    getContainer: () => ({ remove: () => Promise.reject(removal) }),
  };
  const owner = { pid: 1, startedAt: 1, machine: "machine", folder: "/" };
  return { docker, local: true, host: "127.0.0.1", sessionId: "session", owner } as unknown as Engine;
}

/** An engine whose containers end as soon as they are started, and print this. */
function ending(printed: string): Engine {
  const container = {
    id: "id",
    putArchive: () => Promise.resolve(),
    start: () => Promise.resolve(),
    inspect: () =>
      Promise.resolve({
        State: { Status: "exited", Running: false, ExitCode: 1 },
        NetworkSettings: { Ports: {} },
      }),
    logs: () => Promise.resolve(printed),
    remove: () => Promise.resolve(),
  };
  const modem = {
    demuxStream: (both: Readable, output: Writable) => both.on("data", (chunk) => output.write(chunk)),
  };
  const docker = { modem, createContainer: () => Promise.resolve(container), getContainer: () => container };
  return { ...failing(hangUp, hangUp), docker } as unknown as Engine;
}

const withStatus = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode });
const hangUp = new Error("socket hang up");
const unknown = withStatus(404, "no such container");

async function load(engine: Engine): Promise<{ readonly error: unknown; readonly lost: Set<string> }> {
  const lost = new Set<string>();
  const loading = loadDataFile({ engine, plan, image, lost }, file, { bytes: 0 }, NEVER);
  const error: unknown = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, lost };
}

test("a server that the engine may have created without an answer is noted, for the cleanup to find", async () => {
  const { lost } = await load(failing(hangUp, unknown));
  expect([...lost]).toEqual([expect.stringMatching(new RegExp(`^${plan.name}-seed-`))]);
});

test("a server that the engine refused to create is not noted", async () => {
  const { lost } = await load(failing(withStatus(500, "no available IPv4 addresses"), unknown));
  expect([...lost]).toEqual([]);
});

test("the error names the file, the first failure and a remedy, also if the removal fails", async () => {
  const { error } = await load(failing(hangUp, withStatus(500, "the engine has a bad day")));
  expect(error).toMatchObject({
    code: "START_FAILED",
    message: expect.stringMatching(/^Loading the seed file "0\.rdb" failed: socket hang up\n.*see whether/s),
    details: { file: "0.rdb" },
    cause: hangUp,
  });
});

test("a server that has ended before its port was read is reported with its last words", async () => {
  const { error, lost } = await load(ending("Bad file format"));
  expect(error).toMatchObject({
    code: "START_FAILED",
    message: expect.stringMatching(/cannot load it\. It printed last:\n *Bad file format\n *Use a file that/),
    details: { file: "0.rdb" },
  });
  expect([...lost]).toEqual([]);
});
