import { expect, test } from "vitest";
import type { Engine } from "../docker/engine.ts";
import { CleanupStack } from "../cleanup/cleanup-stack.ts";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { makeNetwork } from "./make-network.ts";

const NEVER = new AbortController().signal;

/** Docker's words for a range that another network has. */
const OVERLAP = "(HTTP code 403) Pool overlaps with other one on this address space";

/** An engine that refuses a number of networks before it creates one, as if other processes were quicker. */
function engineThatRefuses(
  times: number,
  words = OVERLAP,
  networks: readonly object[] = [],
): { readonly engine: Engine; readonly asked: string[] } {
  const asked: string[] = [];
  const docker = {
    listNetworks: () => Promise.resolve(networks),
    createNetwork: ({ IPAM }: { IPAM: { Config: { Subnet: string }[] } }) => {
      asked.push(IPAM.Config[0]?.Subnet ?? "");
      return asked.length <= times ? Promise.reject(new Error(words)) : Promise.resolve({ id: "made" });
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
  const engine = { docker, location, sessionId: "session", owner } as unknown as Engine;
  return { engine, asked };
}

test("a range that somebody else took at the same moment is followed by another one, planned anew", async () => {
  const { engine, asked } = engineThatRefuses(2);
  const { plan, network } = await makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  expect(new Set(asked).size).toBe(3);
  expect(plan.network.subnet).toBe(asked[2]);
  expect(network.id).toBe("made");
  const prefix = plan.network.subnet.replace(/\.0\/24$/, "");
  expect(plan.nodes.every(({ address }) => address.startsWith(`${prefix}.`))).toBe(true);
});

test("a range that the user wants is not exchanged for another one", async () => {
  const { engine, asked } = engineThatRefuses(1);
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  await expect(makeNetwork(engine, options, new CleanupStack(), NEVER)).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
  });
  expect(asked).toEqual(["10.77.0.0/24"]);
});

test.for([
  OVERLAP,
  "(HTTP code 500) invalid pool request: Pool overlaps with other one on this address space",
  "(HTTP code 403) cannot create network a (br-a): conflicts with network b (br-b): networks have overlapping IPv4",
  "(HTTP code 403) failed to allocate gateway (10.192.0.1): Address already in use",
  "(HTTP code 500) subnet 10.192.0.0/24 is already used on the host or by another config",
  "(HTTP code 500) subnet 10.192.0.0/24 is being used by a network interface",
  "(HTTP code 500) network 10.192.0.0/24 is already being used by a cni configuration",
])("the next range is taken when the engine says: %s", async (words) => {
  const { engine, asked } = engineThatRefuses(1, words);
  await makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  expect(asked).toHaveLength(2);
});

test.for([
  "(HTTP code 403) authorization denied by plugin pipelines: networks are not allowed",
  "(HTTP code 409) network with name redis-cluster-1 already exists",
  "(HTTP code 500) network name redis-cluster-1 already used: network already exists",
  "(HTTP code 400) could not find plugin bridge in v1 plugin registry",
])("the start fails at once when the engine says: %s", async (words) => {
  const { engine, asked } = engineThatRefuses(1, words);
  await expect(makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER)).rejects.toMatchObject(
    { code: "START_FAILED", message: expect.stringContaining(words) },
  );
  expect(asked).toHaveLength(1);
});

/** A cluster's network of another process, which notes that its owner's labels are read. */
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

test("a start looks up the owner of no network but the one that has the wanted range", async () => {
  const read: string[] = [];
  const networks = ["10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"].map((each) => networkOfCluster(each, read));
  const { engine } = engineThatRefuses(0, OVERLAP, networks);
  await makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER);
  await makeNetwork(engine, validateOptions({ subnet: "10.4.0.0/24" }, {}), new CleanupStack(), NEVER);
  expect(read).toEqual([]);
  const wanted = validateOptions({ subnet: "10.2.0.0/24" }, {});
  await expect(makeNetwork(engine, wanted, new CleanupStack(), NEVER)).rejects.toMatchObject({
    code: "SUBNET_TAKEN",
  });
  expect(new Set(read.map((each) => each.split(" ")[0]))).toEqual(new Set(["10.2.0.0/24"]));
});

test("gives up with the engine's words when it calls every range taken", async () => {
  const { engine, asked } = engineThatRefuses(Number.POSITIVE_INFINITY);
  await expect(makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER)).rejects.toMatchObject(
    { code: "NO_FREE_SUBNET", message: expect.stringContaining(OVERLAP) },
  );
  expect(asked).toHaveLength(50);
});

test("fails with all taken ranges when networks have every private range", async () => {
  const networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((Subnet) => ({
    Name: Subnet,
    IPAM: { Config: [{ Subnet }] },
  }));
  const { engine, asked } = engineThatRefuses(0, OVERLAP, networks);
  await expect(makeNetwork(engine, validateOptions({}, {}), new CleanupStack(), NEVER)).rejects.toMatchObject(
    {
      code: "NO_FREE_SUBNET",
      details: { taken: expect.arrayContaining(['10.0.0.0/8: the Docker network "10.0.0.0/8"']) },
    },
  );
  expect(asked).toEqual([]);
});

test("a network whose creation got no answer is removed by its name, when the engine has made it", async () => {
  const { engine } = engineThatRefuses(0);
  const removals: string[] = [];
  const lost = new Error("socket hang up");
  const docker = {
    listNetworks: () => Promise.resolve([]),
    createNetwork: () => Promise.reject(lost),
    getNetwork: (name: string) => ({
      remove: () => {
        removals.push(name);
        // At first it is still being made.
        const missing = Object.assign(new Error("no such network"), { statusCode: 404 });
        return removals.length < 3 ? Promise.reject(missing) : Promise.resolve();
      },
    }),
  };
  const cleanup = new CleanupStack();
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  const making = makeNetwork({ ...engine, docker } as unknown as Engine, options, cleanup, NEVER);
  await expect(making).rejects.toMatchObject({ code: "START_FAILED", cause: lost });
  await cleanup.run();
  expect(removals).toHaveLength(3);
  expect(new Set(removals).size).toBe(1);
  expect(removals[0]).toMatch(/^redis-cluster-/);
});

test("a network that the engine refused to create is not looked for", async () => {
  const { engine } = engineThatRefuses(0);
  const refusal = Object.assign(new Error("no more bridges"), { statusCode: 500 });
  const docker = {
    listNetworks: () => Promise.resolve([]),
    createNetwork: () => Promise.reject(refusal),
    getNetwork: () => {
      throw new Error("asked for");
    },
  };
  const cleanup = new CleanupStack();
  const options = validateOptions({ subnet: "10.77.0.0/24" }, {});
  const making = makeNetwork({ ...engine, docker } as unknown as Engine, options, cleanup, NEVER);
  await expect(making).rejects.toMatchObject({ code: "START_FAILED" });
  await cleanup.run();
});
