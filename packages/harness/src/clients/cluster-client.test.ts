import { expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { clusterClientOptions } from "./cluster-client.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
const ACCESS = { password: undefined, tls: undefined };
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
