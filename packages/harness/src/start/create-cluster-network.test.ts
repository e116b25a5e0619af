import { expect, test } from "vitest";
import type { Engine } from "../docker/engine.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { createClusterNetwork } from "./create-cluster-network.ts";

const NEVER = new AbortController().signal;

/** Docker's answer if another network uses the range. */
const OVERLAP = "(HTTP code 403) Pool overlaps with other one on this address space";

/** Returns an engine that rejects a number of networks before it creates one, as if other processes had used the ranges. */
function engineThatRejects(
  times: number,
  message = OVERLAP,
  networks: readonly object[] = [],
): { readonly engine: Engine; readonly requested: string[] } {
  const requested: string[] = [];
  const docker = {
    listNetworks: () => Promise.resolve(networks),
    createNetwork: ({ IPAM }: { IPAM: { Config: { Subnet: string }[] } }) => {
      requested.push(IPAM.Config[0]?.Subnet ?? "");
      return requested.length <= times
        ? Promise.reject(new Error(message))
        : Promise.resolve({ id: "created" });
    },
    getNetwork: () => ({ remove: () => Promise.resolve() }),
  };
  const owner = {
    machine: "m",
    boot: "b",
    pidNamespace: "p",
    user: "u",
    pid: 1,
    startedAt: "s",
    project: "/",
    version: "0",
  };
  const location = { isOnThisMachine: false, sharesKernel: false, sharesNetwork: false };
  const traits = { forgetsIsolation: false };
  const engine = { docker, location, sessionId: "session", owner, traits } as unknown as Engine;
  return { engine, requested };
}

test("plans the cluster for another subnet if another process used the first", async () => {
  const { engine, requested } = engineThatRejects(2);
  const { plan, network } = await createClusterNetwork(
    engine,
    validateOptions({}, {}),
    new CleanupStack(),
    NEVER,
  );
  expect(new Set(requested).size).toBe(3);
  expect(plan.network.subnet).toBe(requested[2]);
  expect(network.id).toBe("created");
  const prefix = plan.network.subnet.replace(/\.0\/24$/, "");
  expect(plan.nodes.every(({ address }) => address.startsWith(`${prefix}.`))).toBe(true);
});

test("does not replace the subnet of the options by another one", async () => {
  const { engine, requested } = engineThatRejects(1);
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  await expect(createClusterNetwork(engine, options, new CleanupStack(), NEVER)).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
  });
  expect(requested).toEqual(["10.77.0.0/24"]);
});

test.for([
  OVERLAP,
  "(HTTP code 500) invalid pool request: Pool overlaps with other one on this address space",
  "(HTTP code 403) cannot create network a (br-a): conflicts with network b (br-b): networks have overlapping IPv4",
  "(HTTP code 403) failed to allocate gateway (10.192.0.1): Address already in use",
  "(HTTP code 500) subnet 10.192.0.0/24 is already used on the host or by another config",
  "(HTTP code 500) subnet 10.192.0.0/24 is being used by a network interface",
  "(HTTP code 500) network 10.192.0.0/24 is already being used by a cni configuration",
])("tries the next subnet if the engine answers: %s", async (message) => {
  const { engine, requested } = engineThatRejects(1, message);
  await createClusterNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  expect(requested).toHaveLength(2);
});

test.for([
  "(HTTP code 403) authorization denied by plugin pipelines: networks are not allowed",
  "(HTTP code 409) network with name redis-cluster-1 already exists",
  "(HTTP code 500) network name redis-cluster-1 already used: network already exists",
  "(HTTP code 400) could not find plugin bridge in v1 plugin registry",
])("fails immediately if the engine answers: %s", async (message) => {
  const { engine, requested } = engineThatRejects(1, message);
  await expect(
    createClusterNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER),
  ).rejects.toMatchObject({ code: "START_FAILED", message: expect.stringContaining(message) });
  expect(requested).toHaveLength(1);
});

/** Returns the network of a cluster of another process. It records reads of its labels, which name the owner. */
function networkOfCluster(Subnet: string, read: string[]): object {
  const Labels = new Proxy(
    { [CLUSTER_LABEL]: Subnet },
    {
      get: (labels, name) => {
        read.push(`${Subnet} ${String(name)}`);
        return Reflect.get(labels, name);
      },
    },
  );
  return { Name: Subnet, IPAM: { Config: [{ Subnet }] }, Labels };
}

test("looks up only the owner of the network that overlaps the subnet", async () => {
  const read: string[] = [];
  const networks = ["10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"].map((subnet) =>
    networkOfCluster(subnet, read),
  );
  const { engine } = engineThatRejects(0, OVERLAP, networks);
  await createClusterNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  await createClusterNetwork(
    engine,
    validateOptions({ subnet: "10.4.0.0/24" }, {}),
    new CleanupStack(),
    NEVER,
  );
  expect(read).toEqual([]);
  const options = validateOptions({ subnet: "10.2.0.0/24" }, {});
  await expect(createClusterNetwork(engine, options, new CleanupStack(), NEVER)).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
  });
  expect(new Set(read.map((entry) => entry.split(" ")[0]))).toEqual(new Set(["10.2.0.0/24"]));
});

test("reports the answer of the engine if it rejects 50 subnets", async () => {
  const { engine, requested } = engineThatRejects(Number.POSITIVE_INFINITY);
  await expect(
    createClusterNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER),
  ).rejects.toMatchObject({ code: "NO_FREE_SUBNET", message: expect.stringContaining(OVERLAP) });
  expect(requested).toHaveLength(50);
});

test("reports all used ranges if no private range is free", async () => {
  const networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((Subnet) => ({
    Name: Subnet,
    IPAM: { Config: [{ Subnet }] },
  }));
  const { engine, requested } = engineThatRejects(0, OVERLAP, networks);
  await expect(
    createClusterNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER),
  ).rejects.toMatchObject({
    code: "NO_FREE_SUBNET",
    details: { taken: expect.arrayContaining(['10.0.0.0/8: the Docker network "10.0.0.0/8"']) },
  });
  expect(requested).toEqual([]);
});

test("removes a network by name if its creation was not answered", async () => {
  const { engine } = engineThatRejects(0);
  const removals: string[] = [];
  const lost = new Error("socket hang up");
  const docker = {
    listNetworks: () => Promise.resolve([]),
    createNetwork: () => Promise.reject(lost),
    getNetwork: (name: string) => ({
      remove: () => {
        removals.push(name);
        // At first the engine is still creating it.
        const missing = Object.assign(new Error("no such network"), { statusCode: 404 });
        return removals.length < 3 ? Promise.reject(missing) : Promise.resolve();
      },
    }),
  };
  const cleanup = new CleanupStack();
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  const creating = createClusterNetwork({ ...engine, docker } as unknown as Engine, options, cleanup, NEVER);
  await expect(creating).rejects.toMatchObject({ code: "START_FAILED", cause: lost });
  await cleanup.run();
  expect(removals).toHaveLength(3);
  expect(new Set(removals).size).toBe(1);
  expect(removals[0]).toMatch(/^redis-cluster-/);
});

test("does not search for a network that the engine refused to create", async () => {
  const { engine } = engineThatRejects(0);
  const refusal = Object.assign(new Error("no more bridges"), { statusCode: 500 });
  const docker = {
    listNetworks: () => Promise.resolve([]),
    createNetwork: () => Promise.reject(refusal),
    getNetwork: () => {
      throw new Error("must not be called");
    },
  };
  const cleanup = new CleanupStack();
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  const creating = createClusterNetwork({ ...engine, docker } as unknown as Engine, options, cleanup, NEVER);
  await expect(creating).rejects.toMatchObject({ code: "START_FAILED" });
  await cleanup.run();
});
