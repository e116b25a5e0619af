import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { ClusterPlan } from "./cluster-plan.ts";
import { findCredentials } from "./credentials.ts";
import { planCluster } from "./plan-cluster.ts";
import { parseSubnet } from "./subnet.ts";
import { type OptionsToValidate, validateOptions } from "./validate-options.ts";

function plan(options: OptionsToValidate): ClusterPlan {
  const randomHex = (length: number): string => randomBytes(length).toString("hex").slice(0, length);
  return planCluster(validateOptions(options, {}), parseSubnet("172.28.0.0/24"), randomHex);
}

test("a password that is to be random has 128 bits and needs no quoting, and each is another one", () => {
  const made = plan({ password: true, users: { app: { rules: "+ping" }, other: { rules: "+ping" } } });
  const all = [made.password, ...made.users.map(({ password }) => password)];
  for (const password of all) expect(password).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(all).size).toBe(3);
  expect(made.nodes[0]?.redisConf).toContain(`requirepass "${made.password}"`);
  expect(made.nodes[0]?.redisConf).toContain(`user app on ">${made.users[0]?.password}" "+ping"`);
});

test("a user's credentials are found by name, the default user's too where it has a password", () => {
  const made = plan({ password: "d", users: { app: { password: "a", rules: "+ping" } } });
  expect(findCredentials(made, "app")).toEqual({ username: "app", password: "a" });
  expect(findCredentials(made, "default")).toEqual({ username: "default", password: "d" });
});

test("a user that is not there is an error that names those who are, and no password", () => {
  const made = plan({ users: { app: { password: "hunter2", rules: "+ping" } } });
  expect(() => findCredentials(made, "default")).toThrow('expected one of "app", got "default"');
  expect(() => findCredentials(made, "x")).toThrow(/^(?!.*hunter2)/);
  expect(() => findCredentials(plan({}), "app")).toThrow("this cluster has none with a password");
});

test("without the default user the library has users of its own, whose credentials can be had", () => {
  const made = plan({ defaultUser: false, users: { app: { rules: "+ping" } } });
  expect(made).toMatchObject({ harnessUser: "harness", replicationUser: "replication", password: undefined });
  expect(made.users.map(({ name, rules }) => [name, rules])).toEqual([
    ["app", ["+ping"]],
    ["harness", ["~*", "&*", "+@all"]],
    ["replication", ["+psync", "+replconf", "+ping"]],
  ]);
  expect(findCredentials(made, "harness").password).toMatch(/^[0-9a-f]{32}$/);
  expect(() => findCredentials(made, "default")).toThrow('one of "app", "harness", "replication"');
});

test("a replication user of the options takes the place of the library's own", () => {
  const copy = { rules: "+psync +replconf +ping" };
  expect(plan({ defaultUser: false, users: { copy }, replicationUser: "copy" })).toMatchObject({
    replicationUser: "copy",
    users: [{ name: "copy" }, { name: "harness" }],
  });
  expect(plan({ users: { copy }, replicationUser: "copy" })).toMatchObject({
    harnessUser: undefined,
    users: [{ name: "copy" }],
  });
});
