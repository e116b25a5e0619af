import { expect, test } from "vitest";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { ClusterShape } from "../plan/options.generated.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { accessOf, accessOptions, commandName } from "./access.ts";

let next = 0;
const hex = (characters: number): string => String((next += 1)).padStart(characters, "0");
const plan = (shape: ClusterShape): ClusterPlan =>
  planCluster(validateOptions(shape, {}), parseSubnet("10.1.0.0/24"), hex);

test("accessOf returns the default user, or the harness user if it is off", () => {
  expect(accessOptions(accessOf(plan({ password: "d" }), undefined))).toEqual({ password: "d" });
  expect(accessOptions(accessOf(plan({}), undefined))).toEqual({});
  const hardened = plan({ defaultUser: false });
  expect(accessOptions(accessOf(hardened, undefined))).toEqual({
    username: "harness",
    password: hardened.users[0]?.password,
  });
});

test("commandName returns the new name of a renamed command in any case", () => {
  const access = accessOf(plan({ config: { "rename-command": "CONFIG secret" } }), undefined);
  expect(["CONFIG", "config", "INFO"].map((command) => commandName(access, command))).toEqual([
    "secret",
    "secret",
    "INFO",
  ]);
  expect(commandName({ password: undefined, tls: undefined }, "CONFIG")).toBe("CONFIG");
});
