import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import type { FaultFacts } from "../faults/fault.ts";
import { ClusterHistory } from "./cluster-history.ts";

const KILL: FaultFacts = {
  kind: "kill",
  nodes: ["node-0"],
  since: 1_000,
  description: "node-0 killed with SIGKILL, chosen with seed 7",
  seed: 7,
};

test("records the time when a fault is healed, once", async () => {
  const history = new ClusterHistory();
  const before = Date.now();
  const healed = history.addFault(KILL);
  expect(history.faults).toEqual([{ ...KILL, healedAt: undefined }]);
  healed();
  const [fault] = history.faults;
  expect(fault?.healedAt).toBeGreaterThanOrEqual(before);
  await expect.poll(() => Date.now()).toBeGreaterThan(fault?.healedAt ?? 0);
  healed();
  expect(history.faults).toEqual([fault]);
});

test("records each seed with its purpose", () => {
  const history = new ClusterHistory();
  history.addSeed("Killing node-0", 7);
  history.addSeed("workload", 8);
  expect(history.seeds.map(({ what, seed }) => [what, seed])).toEqual([
    ["Killing node-0", 7],
    ["workload", 8],
  ]);
});

test("records an error that passes through several calls once, with its first phase", () => {
  const history = new ClusterHistory();
  const error = new RedisClusterError("WAIT_TIMEOUT", "not done");
  history.addError("Waiting", error);
  history.addError("Observing a failover", error);
  history.addError("Waiting", "a string");
  history.addError("Waiting", "a string");
  expect(history.errors.map(({ phase, code, message }) => [phase, code, message])).toEqual([
    ["Waiting", "WAIT_TIMEOUT", "not done"],
    ["Waiting", undefined, "a string"],
    ["Waiting", undefined, "a string"],
  ]);
});

test("keeps the last 200 entries of a kind, and counts the dropped ones", () => {
  const history = new ClusterHistory();
  for (let count = 0; count < 205; count += 1) history.addError(`call ${count}`, new Error("no"));
  expect(history.errors).toHaveLength(200);
  expect(history.errors[0]?.phase).toBe("call 5");
  expect(history.errors.at(-1)?.phase).toBe("call 204");
  expect(history.dropped).toEqual({ faults: 0, failovers: 0, ledgers: 0, errors: 5, seeds: 0 });
});

test("is empty after clear(), also if an old fault is healed afterwards", () => {
  const history = new ClusterHistory();
  const healed = history.addFault(KILL);
  for (let count = 0; count < 201; count += 1) history.addError("call", new Error("no"));
  const { since } = history;
  history.clear();
  healed();
  expect(history).toMatchObject({ faults: [], failovers: [], ledgers: [], errors: [], seeds: [] });
  expect(history.dropped.errors).toBe(0);
  expect(history.since).toBeGreaterThanOrEqual(since);
});

test("does not change lists that were returned before", () => {
  const history = new ClusterHistory();
  const { errors } = history;
  history.addError("call", new Error("no"));
  expect(errors).toEqual([]);
});
