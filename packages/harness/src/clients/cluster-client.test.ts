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
/** What every client has: ioredis' own two seconds would keep a process alive after its end. */
const EVERY = { disconnectTimeout: 100 };

test("a client logs in as the default user, or as whom its options name", () => {
  const access = { password: "d", tls: undefined };
  const { options } = clusterClientOptions(PLAN, new AddressTable(), access);
  expect(options.redisOptions).toEqual({ ...EVERY, password: "d" });
  const own = { username: "app", password: "a" };
  const other = clusterClientOptions(PLAN, new AddressTable(), access, { redisOptions: own });
  expect(other.options.redisOptions).toEqual({ ...EVERY, ...own });
});

test("with TLS a client trusts the cluster's authority and verifies, whatever else its options say of TLS", () => {
  const access = { password: undefined, tls: TLS };
  const { options } = clusterClientOptions(PLAN, new AddressTable(), access);
  expect(options.redisOptions).toEqual({ ...EVERY, tls: TLS });
  const redisOptions = { tls: { minVersion: "TLSv1.3" }, connectTimeout: 5 } as const;
  const other = clusterClientOptions(PLAN, new AddressTable(), access, { redisOptions });
  expect(other.options.redisOptions).toEqual({
    ...EVERY,
    tls: { ...TLS, minVersion: "TLSv1.3" },
    connectTimeout: 5,
  });
});

test("a client connects to the name of a host, not to the first of its addresses", () => {
  for (const tls of [undefined, TLS]) {
    const { options } = clusterClientOptions(PLAN, new AddressTable(), { password: undefined, tls });
    const answers: unknown[] = [];
    options.dnsLookup?.("docker.example", (...answer) => answers.push(answer));
    expect(answers).toEqual([[null, "docker.example"]]);
  }
});

test("a natMap of the caller decides first, also for the nodes to connect to at the beginning", () => {
  const addresses = new AddressTable();
  const [one, two] = PLAN.nodes as [NodePlan, NodePlan];
  addresses.set(one, { host: "127.0.0.1", port: 32_768 });
  addresses.set(two, { host: "127.0.0.1", port: 32_769 });
  const proxy = { host: "127.0.0.1", port: 9_000 };
  const key = `${one.address}:${one.port}`;
  for (const natMap of [{ [key]: proxy }, (asked: string) => (asked === key ? proxy : null)]) {
    const { options, startupNodes } = clusterClientOptions(PLAN, addresses, ACCESS, { natMap });
    const find = options.natMap as (announced: string) => unknown;
    expect(find(key)).toEqual(proxy);
    expect(find(`${two.address}:${two.port}`)).toEqual({ host: "127.0.0.1", port: 32_769 });
    expect(find("10.9.9.9:6379")).toBeNull();
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

  test("a client that finds no node tries again, and rejects what waits when it is closed", async () => {
    const addresses = new AddressTable();
    const open = new OpenClients<Cluster>();
    const client = await connectCluster(
      PLAN,
      nowhere(addresses),
      ACCESS,
      { lazyConnect: true, clusterRetryStrategy: () => 5 },
      NEVER,
      open.track,
    );
    const copy = client.duplicate();
    const waiting = [client, copy].map((each) => each.get("order:42").catch(String));
    await Promise.all([client, copy].map((each) => attempts(each, 3)));
    expect(open.close()).toEqual([client, copy]);
    await Promise.all([client, copy].map(closeCluster));
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatch(/None of startup nodes|closed/);
    expect([client.status, copy.status]).toEqual(["end", "end"]);
    expect(vi.isFakeTimers() ? vi.getTimerCount() : 0).toBe(0);
  });
});

/** Waits until a client has failed to connect so many times. `once` of node:events would reject at the first error. */
async function attempts(client: Cluster, count: number): Promise<void> {
  let failed = 0;
  await new Promise<void>((resolve) => {
    client.on("reconnecting", () => {
      failed += 1;
      if (failed === count) resolve();
    });
  });
}

/** Every node is at a port that refuses connections. */
function nowhere(addresses: AddressTable): AddressTable {
  for (const [index, node] of PLAN.nodes.entries())
    addresses.set(node, { host: "127.0.0.1", port: index + 1 });
  return addresses;
}
