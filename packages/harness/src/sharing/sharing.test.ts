import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { LocalSharing } from "./local-sharing.ts";
import { RemoteSharing } from "./remote-sharing.ts";

const NEVER = new AbortController().signal;

let owner: LocalSharing;
let other: RemoteSharing;

beforeEach(async () => {
  const plan = planCluster(validateOptions({}, {}), parseSubnet("10.77.0.0/24"), (characters) =>
    "a".repeat(characters),
  );
  owner = new LocalSharing(plan, { password: undefined, tls: undefined }, "network", "evidence", {
    fingerprints: [],
  });
  other = new RemoteSharing(await owner.share([]));
});
afterEach(() => owner[Symbol.asyncDispose]());

test("each handle knows of the others' faults, until they are taken back", async () => {
  await other.noteNetworkFault("a", ["node-0", "node-1"], NEVER);
  await owner.noteNetworkFault("b", ["node-1"]);
  const both = new Map([
    ["a", ["node-0", "node-1"]],
    ["b", ["node-1"]],
  ]);
  expect(await owner.networkFaults()).toEqual(both);
  expect(await other.networkFaults(NEVER)).toEqual(both);
  await other.forgetNetworkFaults(["b", "unknown"], NEVER);
  expect(await owner.networkFaults()).toEqual(new Map([["a", ["node-0", "node-1"]]]));
  await owner.forgetNetworkFaults(["a"]);
  expect(await other.networkFaults(NEVER)).toEqual(new Map());
});

test("another process may be in another folder, so that evidence goes by an absolute path", async () => {
  expect((await other.share()).evidenceDir).toBe(resolve("evidence"));
});

test("a fault is noted by nobody once the owner has gone", async () => {
  await owner[Symbol.asyncDispose]();
  await expect(other.noteNetworkFault("a", ["node-0"], NEVER)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
  });
});
