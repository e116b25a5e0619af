import type { EventEmitter } from "node:events";
import * as bullmq6 from "bullmq";
import * as bullmq5 from "bullmq-5";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { throughBreakages } from "./breakages.ts";
import { createIoredis } from "./own-clients.ts";

const test = redisClusterTest({ nodes: 6, replicas: 1, announce: "host" });
// All keys of a queue must be in one slot.
const PREFIX = "{bull}";

test.for([
  { version: 5, bullmq: bullmq5 as unknown as typeof bullmq6 },
  { version: 6, bullmq: bullmq6 },
])(
  "BullMQ $version completes every job of a queue whose shard breaks",
  { timeout: 90_000 },
  async ({ bullmq: { Queue, QueueEvents, Worker } }, { cluster }) => {
    await throughBreakages(cluster, PREFIX, async () => {
      // #region open
      // Workers wait for jobs with blocking commands, which must not give up.
      const connection = createIoredis(cluster, { maxRetriesPerRequest: null });
      const options = { connection, prefix: PREFIX };
      const queue = new Queue("orders", options);
      // By default, events are read from the moment at which the server receives the first request for them, also after an error, so
      // that those of a fast job can be missed.
      const events = new QueueEvents("orders", { ...options, lastEventId: "0" });
      const worker = new Worker("orders", async ({ data }) => `paid ${data.order}`, options);
      // #endregion
      for (const each of [queue, events, worker] as readonly EventEmitter[]) each.on("error", () => {});
      return {
        use: async (event) => {
          const orders = Array.from({ length: 10 }, (_, index) => `${event} ${index}`);
          const jobs = await Promise.all(orders.map((order) => queue.add("pay", { order })));
          const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
          expect(results).toEqual(orders.map((order) => `paid ${order}`));
          expect(await queue.getJobCounts("failed", "active")).toEqual({ failed: 0, active: 0 });
        },
        close: async () => {
          await Promise.all([worker.close(), events.close(), queue.close()]);
          connection.disconnect();
        },
      };
    });
  },
);
