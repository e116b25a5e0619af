import { expect, test } from "vitest";
import { openCleanupEngine } from "./cleanup-engine.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { type LabelledResource, removeAll } from "./labelled-resources.ts";

const NODE: LabelledResource = { kind: "container", id: "id-of-node-0", name: "node-0", labels: { a: "1" } };
const DATA: LabelledResource = { kind: "volume", id: "id-of-data", name: "data", labels: {} };

test("remove() resolves if a container does not exist or is being removed", async () => {
  await using engine = await FakeEngine.start();
  const cleanup = openCleanupEngine(engine.address);
  await expect(cleanup.remove(NODE)).resolves.toBeUndefined();
  engine.add("container", "node-0", {});
  engine.statuses.set("node-0", [409]);
  await expect(cleanup.remove(NODE)).resolves.toBeUndefined();
});

test("remove() rejects with the message of the engine if a volume is in use", async () => {
  await using engine = await FakeEngine.start();
  engine.add("volume", "data", {});
  engine.statuses.set("data", [409]);
  await expect(openCleanupEngine(engine.address).remove(DATA)).rejects.toThrow(
    /the test has chosen status 409/,
  );
});

test.for([
  ["Docker", { ServerVersion: "28.5.2" }],
  ["Podman 4", { ServerVersion: "4.3.1", BuildahVersion: "1.28.2" }],
  ["Podman 5", { ServerVersion: "5.4.2", BuildahVersion: "1.39.3" }],
] as const)(
  "%s: list() returns the resources that have all labels, with or without a value",
  async ([, info]) => {
    await using engine = await FakeEngine.start();
    engine.info = info;
    engine.add("container", "node-0", { a: "1", b: "2" });
    engine.add("network", "net", { a: "2", b: "2" });
    const cleanup = openCleanupEngine(engine.address);
    expect((await cleanup.list(["a", "b=2"])).map(({ name }) => name)).toEqual(["node-0", "net"]);
    expect(await cleanup.list(["a=1", "b"])).toEqual([{ ...NODE, labels: { a: "1", b: "2" } }]);
    expect(await cleanup.list(["c"])).toEqual([]);
  },
);

test.for([
  ["20.10.24+dfsg1", 1],
  ["28.5.2", 3],
] as const)("Docker %s removes %d of three containers at the same time", async ([version, atOnce]) => {
  await using engine = await FakeEngine.start();
  engine.info = { ServerVersion: version };
  for (const name of ["node-0", "node-1", "node-2"]) engine.add("container", name, { a: "1" });
  const cleanup = openCleanupEngine(engine.address);
  expect(await removeAll(cleanup, await cleanup.list(["a"]))).toEqual([]);
  expect(engine.removedAtOnce).toBe(atOnce);
  expect(engine.removed).toHaveLength(3);
});

test("list() rejects if the engine is unreachable", async () => {
  const cleanup = openCleanupEngine({ socketPath: "/nonexistent/docker.sock" });
  await expect(cleanup.list(["a"])).rejects.toThrow("ENOENT");
});
