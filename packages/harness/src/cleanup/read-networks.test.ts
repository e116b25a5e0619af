import Dockerode from "dockerode";
import { expect, test } from "vitest";
import { FAKE_SUBNET, FakeEngine } from "./fake-engine.fixture.ts";
import { listNetworks, requireNetwork } from "./read-networks.ts";

const ENGINES = [
  ["Docker", false, { ServerVersion: "28.5.2" }],
  ["Podman 4", true, { ServerVersion: "4.3.1", BuildahVersion: "1.28.2" }],
] as const;

test.for(ENGINES)("%s: lists networks with their labels and subnets", async ([, forgetsIsolation, info]) => {
  await using engine = await FakeEngine.start();
  engine.info = info;
  engine.add("network", "net", { a: "1" });
  engine.add("network", "other", {});
  const docker = new Dockerode(engine.address);
  const net = { id: "id-of-net", name: "net", labels: { a: "1" }, subnets: [FAKE_SUBNET] };
  const other = { id: "id-of-other", name: "other", labels: {}, subnets: [FAKE_SUBNET] };
  expect(await listNetworks(docker, { forgetsIsolation }, [])).toEqual([net, other]);
  expect(await listNetworks(docker, { forgetsIsolation }, ["a=1"])).toEqual([net]);
});

test.for(ENGINES)("%s: a network that does not exist has status 404", async ([, forgetsIsolation, info]) => {
  await using engine = await FakeEngine.start();
  engine.info = info;
  engine.add("network", "net", {});
  const docker = new Dockerode(engine.address);
  await requireNetwork(docker, { forgetsIsolation }, "net");
  await expect(requireNetwork(docker, { forgetsIsolation }, "absent")).rejects.toMatchObject({
    statusCode: 404,
  });
});
