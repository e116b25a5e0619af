import { expect, test } from "vitest";
import { EngineHttp } from "./engine-http.ts";
import { FakeEngine } from "./fake-engine.fixture.ts";
import type { LabelledResource } from "./labelled-resources.ts";

const NODE: LabelledResource = { kind: "container", id: "id-of-node-0", name: "node-0", labels: { a: "1" } };
const DATA: LabelledResource = { kind: "volume", id: "id-of-data", name: "data", labels: {} };

test("what is gone already, or is being removed by somebody else, is fine", async () => {
  await using engine = await FakeEngine.start();
  const http = new EngineHttp(engine.address);
  await expect(http.remove(NODE)).resolves.toBeUndefined();
  engine.add("container", "node-0", {});
  engine.answers.set("node-0", [409]);
  await expect(http.remove(NODE)).resolves.toBeUndefined();
});

test("a volume that is in use is not gone, and the engine's words are passed on", async () => {
  await using engine = await FakeEngine.start();
  engine.add("volume", "data", {});
  engine.answers.set("data", [409]);
  await expect(new EngineHttp(engine.address).remove(DATA)).rejects.toThrow(
    /the engine answered 409: .*this is answer 409/,
  );
});

test("what is listed has all of the labels, with and without a value", async () => {
  await using engine = await FakeEngine.start();
  engine.add("container", "node-0", { a: "1", b: "2" });
  engine.add("network", "net", { a: "2", b: "2" });
  const http = new EngineHttp(engine.address);
  expect((await http.list(["a", "b=2"])).map(({ name }) => name)).toEqual(["node-0", "net"]);
  expect(await http.list(["a=1", "b"])).toEqual([{ ...NODE, labels: { a: "1", b: "2" } }]);
  expect(await http.list(["c"])).toEqual([]);
});

test("an engine that is not there is an error, not an empty list", async () => {
  const http = new EngineHttp({ protocol: "http", socketPath: "/nonexistent/docker.sock" });
  await expect(http.list(["a"])).rejects.toThrow("ENOENT");
});
