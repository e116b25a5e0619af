import {
  assertLostNoAcknowledgedWrites,
  assertPromotedReplica,
  assertRecoveredWithin,
  startRedisCluster,
} from "testcontainers-redis-cluster";

/** @type {import("testcontainers-redis-cluster").StartedRedisCluster} */
let cluster;
/** @type {{ title: string, error?: unknown } | undefined} */
let unfinished;

/** Jest tells its hooks nothing about a failed test, so each test is noted here until it has passed. */
function noted(body) {
  return async () => {
    const note = { title: expect.getState().currentTestName };
    unfinished = note;
    try {
      await body();
      unfinished = undefined;
    } catch (error) {
      note.error = error;
      throw error;
    }
  };
}

// Longer than the start's own limit (66 s for six nodes, not counting the image pull), whose error says more.
beforeAll(async () => {
  cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
}, 120_000);
beforeEach(() => cluster.reset(), 120_000);
afterEach(async () => {
  if (unfinished === undefined) return;
  const note = unfinished;
  unfinished = undefined;
  console.error("evidence:", await cluster.saveEvidence(undefined, note));
}, 30_000);
afterAll(() => cluster?.stop(), 60_000);

test(
  "an order is taken",
  noted(async () => {
    await cluster.client.set("order:42", "paid");
    expect(await cluster.client.get("order:42")).toBe("paid");
  }),
);

test(
  "the next test finds an empty cluster",
  noted(async () => {
    expect(await cluster.client.get("order:42")).toBeNull();
  }),
);

test(
  "no order is lost when its primary dies",
  noted(async () => {
    const workload = await cluster.startWorkload({ wait: 1 }); // a write counts once a replica has it
    const failover = await cluster.observeFailover(() => cluster.killMaster("order:42"), {
      withinMs: 15_000,
    });
    const ledger = await workload.stop();

    assertPromotedReplica(failover, { withinMs: 10_000 });
    assertRecoveredWithin(failover, 10_000);
    assertLostNoAcknowledgedWrites(ledger);
  }),
);
