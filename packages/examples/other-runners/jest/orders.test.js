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

/** Jest does not tell its hooks which test has failed. So a test is recorded here until it has passed. */
function recorded(body) {
  return async () => {
    const record = { title: expect.getState().currentTestName };
    unfinished = record;
    try {
      await body();
      unfinished = undefined;
    } catch (error) {
      record.error = error;
      throw error;
    }
  };
}

// Longer than the limit of the start itself: 66 s for six nodes, without the image pull. Its error names the phase.
beforeAll(async () => {
  cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
}, 120_000);
beforeEach(() => cluster.reset(), 120_000);
afterEach(async () => {
  if (unfinished === undefined) return;
  const record = unfinished;
  unfinished = undefined;
  console.error("evidence:", await cluster.saveEvidence(undefined, record));
}, 30_000);
afterAll(() => cluster?.stop(), 60_000);

test(
  "an order is taken",
  recorded(async () => {
    await cluster.client.set("order:42", "paid");
    expect(await cluster.client.get("order:42")).toBe("paid");
  }),
);

test(
  "the next test finds an empty cluster",
  recorded(async () => {
    expect(await cluster.client.get("order:42")).toBeNull();
  }),
);

test(
  "no order is lost when its primary is killed",
  recorded(async () => {
    const workload = await cluster.startWorkload({ wait: 1 }); // a write is acknowledged when a replica has it
    const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"), {
      withinMs: 15_000,
    });
    const ledger = await workload.stop();

    assertPromotedReplica(failover, { withinMs: 10_000 });
    assertRecoveredWithin(failover, 10_000);
    assertLostNoAcknowledgedWrites(ledger);
  }),
);
