import { expect, test } from "vitest";
import type { RedisConfig } from "../plan/options.generated.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { secretsOfPlan } from "./find-secrets.ts";

function secrets(options: { readonly password?: string; readonly config?: RedisConfig }): readonly string[] {
  const valid = validateOptions({ nodes: 3, replicas: 0, ...options }, {});
  return secretsOfPlan(planCluster(valid, parseSubnet("10.0.0.0/24"), (length) => "0".repeat(length)));
}

test("finds no secrets if directives only mention keys and users", () => {
  expect(secrets({ config: { maxmemory: "64mb", "tls-auth-clients": false } })).toEqual([]);
});

test("finds the password, also if it is quoted", () => {
  expect(secrets({ password: 'it\'s "quoted" \\ and long' })).toEqual(['it\'s "quoted" \\ and long']);
});

test("finds passwords and hashes of ACL users, but not their names and permissions", () => {
  const user = ["app on >first ~* +@all", `other on ">two words" #${"ab".repeat(32)} ~*`];
  expect(secrets({ config: { user } })).toEqual(["first", "two words", "ab".repeat(32)]);
});

test("finds the passphrase of a TLS key", () => {
  expect(secrets({ config: { "tls-key-file-pass": "open sesame" } })).toEqual(["open", "sesame"]);
  expect(secrets({ config: { "tls-key-file-pass": '"open sesame"' } })).toEqual(["open sesame"]);
});
