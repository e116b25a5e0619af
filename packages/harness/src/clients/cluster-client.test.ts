import { expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { AddressTable } from "./address-table.ts";
import { clusterClientOptions } from "./cluster-client.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const PLAN = planCluster(validateOptions({}, {}), parseSubnet("10.1.0.0/24"), hex);
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

test("with TLS the name of a host stays what is verified, and without it ioredis looks names up as ever", () => {
  const lookUp = (tls: typeof TLS | undefined) =>
    clusterClientOptions(PLAN, new AddressTable(), { password: undefined, tls }).options.dnsLookup;
  const answers: unknown[] = [];
  lookUp(TLS)?.("docker.example", (...answer) => answers.push(answer));
  expect(answers).toEqual([[null, "docker.example"]]);
  expect(lookUp(undefined)).toBeUndefined();
});
