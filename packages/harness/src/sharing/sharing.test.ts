import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nextTurn } from "../clock/real-time.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { seedKey } from "../seed/dataset.ts";
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

test("shows the network faults of each handle to the others until they are forgotten", async () => {
  await other.recordNetworkFault("a", ["node-0", "node-1"], NEVER);
  await owner.recordNetworkFault("b", ["node-1"]);
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

test("shares the evidence directory as an absolute path", async () => {
  expect((await other.share()).evidenceDir).toBe(resolve("evidence"));
});

test("requests the seed once, also a large one, and keeps it after a reset", async () => {
  const keys = Array.from({ length: 3 }, (_, index) =>
    seedKey(Buffer.from([0xff, index]), Buffer.alloc(2 ** 20, index), index === 0 ? 5_000 : undefined),
  );
  const seed = {
    restoreMs: 7,
    shards: [
      {
        keys: new Map(keys.map((key) => [key.name.toString("latin1"), key])),
        functions: Buffer.from([1]),
        librariesDigest: "digest",
      },
    ],
  };
  const plan = planCluster(validateOptions({}, {}), parseSubnet("10.77.0.0/24"), (characters) =>
    "a".repeat(characters),
  );
  const access = { password: undefined, tls: undefined };
  await using seeded = new LocalSharing(plan, access, "network", undefined, { fingerprints: [], seed });
  const remote = new RemoteSharing(await seeded.share([]));
  const baseline = await remote.baseline(NEVER);
  expect(baseline.seed).toEqual(seed);
  await remote.keepBaseline(baseline, NEVER);
  expect((await seeded.baseline()).seed).toBe(seed);
  expect((await remote.baseline(NEVER)).seed).toBe(baseline.seed);
  expect((await other.baseline(NEVER)).seed).toBeUndefined();
});

test("rejects the record of a fault with CLUSTER_STOPPED after the owner has stopped", async () => {
  await owner[Symbol.asyncDispose]();
  await expect(other.recordNetworkFault("a", ["node-0"], NEVER)).rejects.toMatchObject({
    code: "CLUSTER_STOPPED",
  });
});

test("does not take a lease if the signal is already aborted", async () => {
  const reason = new Error("too late");
  await expect(other.lease(AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(owner.lease(AbortSignal.abort(reason))).rejects.toBe(reason);
  const release = await owner.lease(NEVER);
  release();
});

test("releases the lease, whenever the wait for it is aborted", async () => {
  for (let round = 0; round < 60; round += 1) {
    const controller = new AbortController();
    const reason = new Error(`aborted in round ${round}`);
    const held = round % 3 === 0 ? await owner.lease(NEVER) : undefined;
    const lease = other.lease(controller.signal);
    const outcome = lease.then(
      (release) => release(),
      (error: unknown) => expect(error).toBe(reason),
    );
    for (let turn = 0; turn < round / 4; turn += 1) await nextTurn();
    controller.abort(reason);
    held?.();
    await outcome;
  }
  const release = await owner.lease(NEVER);
  release();
});

test("rejects every request to the owner if the signal is already aborted", async () => {
  const reason = new Error("too late");
  const aborted = AbortSignal.abort(reason);
  const baseline = await other.baseline(NEVER);
  await Promise.all(
    [
      other.baseline(aborted),
      other.keepBaseline({ ...baseline, fingerprints: [] }, aborted),
      other.networkFaults(aborted),
      other.recordNetworkFault("a", ["node-0"], aborted),
      other.forgetNetworkFaults(["a"], aborted),
    ].map((request) => expect(request).rejects.toBe(reason)),
  );
  expect(await owner.baseline()).toEqual(baseline);
  expect(await owner.networkFaults()).toEqual(new Map());
});
