import type { Cluster } from "ioredis";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { closeCluster, clusterClientOptions, connectCluster } from "./cluster-client.ts";
import { OpenClients } from "./open-clients.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const ACCESS = { password: undefined, tls: undefined };
const NEVER = new AbortController().signal;
const TLS = { ca: "an authority" };
/** The options that every client has. */
const COMMON_OPTIONS = { disconnectTimeout: 100 };

test("a client uses the default user, or the user of its options", () => {
  const access = { password: "d", tls: undefined };
  const { options } = clusterClientOptions(PLAN, new AddressTable(), access);
  expect(options.redisOptions).toEqual({ ...COMMON_OPTIONS, password: "d" });
  const own = { username: "app", password: "a" };
  const other = clusterClientOptions(PLAN, new AddressTable(), access, { redisOptions: own });
  expect(other.options.redisOptions).toEqual({ ...COMMON_OPTIONS, ...own });
});

test("a client trusts the authority of the cluster, also with TLS options of its own", () => {
  const access = { password: undefined, tls: TLS };
  const { options } = clusterClientOptions(PLAN, new AddressTable(), access);
  expect(options.redisOptions).toEqual({ ...COMMON_OPTIONS, tls: TLS });
  const redisOptions = { tls: { minVersion: "TLSv1.3" }, connectTimeout: 5 } as const;
  const other = clusterClientOptions(PLAN, new AddressTable(), access, { redisOptions });
  expect(other.options.redisOptions).toEqual({
    ...COMMON_OPTIONS,
    tls: { ...TLS, minVersion: "TLSv1.3" },
    connectTimeout: 5,
  });
});

test("a client connects to the name of a host instead of its first address", () => {
  for (const tls of [undefined, TLS]) {
    const { options } = clusterClientOptions(PLAN, new AddressTable(), { password: undefined, tls });
    const answers: unknown[] = [];
    options.dnsLookup?.("docker.example", (...answer) => answers.push(answer));
    expect(answers).toEqual([[null, "docker.example"]]);
  }
});

test("a natMap of the caller is used first, also for the startup nodes", () => {
  const addresses = new AddressTable();
  const [one, two] = PLAN.nodes as [NodePlan, NodePlan];
  addresses.set(one, { host: "127.0.0.1", port: 32_768 });
  addresses.set(two, { host: "127.0.0.1", port: 32_769 });
  const proxy = { host: "127.0.0.1", port: 9_000 };
  const key = `${one.address}:${one.port}`;
  for (const natMap of [{ [key]: proxy }, (announced: string) => (announced === key ? proxy : null)]) {
    const { options, startupNodes } = clusterClientOptions(PLAN, addresses, ACCESS, { natMap });
    const find = (announced: string): unknown => (options.natMap as Record<string, unknown>)[announced];
    expect(find(key)).toEqual(proxy);
    expect(find(`${two.address}:${two.port}`)).toEqual({ host: "127.0.0.1", port: 32_769 });
    expect(find("10.9.9.9:6379")).toBeUndefined();
    expect(startupNodes.slice(0, 2)).toEqual([proxy, { host: "127.0.0.1", port: 32_769 }]);
  }
});

describe.each(["real", "fake"])("with %s timers", (kind) => {
  beforeEach(() => {
    if (kind === "fake") vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a client without a node retries, and rejects its commands when it is closed", async () => {
    const addresses = new AddressTable();
    const open = new OpenClients<Cluster>();
    const client = await connectCluster(
      PLAN,
      withClosedPorts(addresses),
      ACCESS,
      { lazyConnect: true, clusterRetryStrategy: () => 5 },
      NEVER,
      open.track,
    );
    const copy = client.duplicate();
    const waiting = [client, copy].map((cluster) => cluster.get("order:42").catch(String));
    await Promise.all([client, copy].map((cluster) => waitForAttempts(cluster, 3)));
    expect(open.close()).toEqual([client, copy]);
    await Promise.all([client, copy].map(closeCluster));
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatch(/None of startup nodes|closed/);
    expect([client.status, copy.status]).toEqual(["end", "end"]);
    // ioredis clears the timer of a refresh when the connection attempt of the refresh has failed.
    await expect.poll(() => (vi.isFakeTimers() ? vi.getTimerCount() : 0)).toBe(0);
  });
});

/** Waits until a client has failed to connect the given number of times. (`once` of node:events would reject at the first error.) */
async function waitForAttempts(client: Cluster, count: number): Promise<void> {
  let failed = 0;
  await new Promise<void>((resolve) => {
    client.on("reconnecting", () => {
      failed += 1;
      if (failed === count) resolve();
    });
  });
}

/** Sets the address of every node to a port that refuses connections. */
function withClosedPorts(addresses: AddressTable): AddressTable {
  for (const [index, node] of PLAN.nodes.entries())
    addresses.set(node, { host: "127.0.0.1", port: index + 1 });
  return addresses;
}
