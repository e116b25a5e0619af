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

test("generates a different password of 128 bits for each user, without quotes", () => {
  const planned = plan({ password: true, users: { app: { rules: "+ping" }, other: { rules: "+ping" } } });
  const all = [planned.password, ...planned.users.map(({ password }) => password)];
  for (const password of all) expect(password).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(all).size).toBe(3);
  expect(planned.nodes[0]?.redisConf).toContain(`requirepass "${planned.password}"`);
  expect(planned.nodes[0]?.redisConf).toContain(`user app on ">${planned.users[0]?.password}" "+ping"`);
});

test("returns the credentials of a user, and of the default user if it has a password", () => {
  const planned = plan({ password: "d", users: { app: { password: "a", rules: "+ping" } } });
  expect(findCredentials(planned, "app")).toEqual({ username: "app", password: "a" });
  expect(findCredentials(planned, "default")).toEqual({ username: "default", password: "d" });
});

test("an error about an unknown user contains the names of all users but no password", () => {
  const planned = plan({ users: { app: { password: "hunter2", rules: "+ping" } } });
  expect(() => findCredentials(planned, "default")).toThrow('expected one of "app", got "default"');
  expect(() => findCredentials(planned, "x")).toThrow(/^(?!.*hunter2)/);
  expect(() => findCredentials(plan({}), "app")).toThrow("a user with a password, but this cluster has none");
});

test("adds users for the library and for replication if the default user is off", () => {
  const planned = plan({ defaultUser: false, users: { app: { rules: "+ping" } } });
  expect(planned).toMatchObject({
    harnessUser: "harness",
    replicationUser: "replication",
    password: undefined,
  });
  expect(planned.users.map(({ name, rules }) => [name, rules])).toEqual([
    ["app", ["+ping"]],
    ["harness", ["~*", "&*", "+@all"]],
    ["replication", ["+psync", "+replconf", "+ping"]],
  ]);
  expect(findCredentials(planned, "harness").password).toMatch(/^[0-9a-f]{32}$/);
  expect(() => findCredentials(planned, "default")).toThrow('one of "app", "harness", "replication"');
});

test("adds no user for replication if the options name one", () => {
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
