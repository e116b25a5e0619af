import { expect, test } from "vitest";
import type { ProbeReply } from "../clients/probe-writer.ts";
import { type ProbedShard, probeShards } from "./probe-shards.ts";

const REPLY: ProbeReply = { sentAt: 1, atMs: 2, serverMs: undefined };

function shard(changes: Partial<ProbedShard>): ProbedShard {
  return {
    slot: 7,
    targets: () => ["node-0"],
    isUnhealthy: () => true,
    onAcknowledged: () => {},
    onRejected: () => {},
    ...changes,
  };
}

/** Writes to the shards until the condition is true. */
async function probeUntil(
  shards: readonly ProbedShard[],
  write: (node: string, slot: number) => Promise<ProbeReply>,
  isDone: () => boolean,
): Promise<void> {
  const stop = new AbortController();
  const probing = probeShards(shards, write, stop.signal);
  await expect.poll(isDone, { interval: 2, timeout: 10_000 }).toBe(true);
  stop.abort();
  await probing;
}

test("a node with 6 unanswered writes gets no more and does not delay other nodes", async () => {
  const sent = { frozen: 0, promoted: 0 };
  const acknowledged: string[] = [];
  await probeUntil(
    [
      shard({
        targets: () => ["frozen", "promoted"],
        onAcknowledged: (node) => acknowledged.push(node),
      }),
    ],
    async (node) => {
      sent[node as keyof typeof sent] += 1;
      return node === "frozen" ? await new Promise<never>(() => {}) : REPLY;
    },
    () => sent.promoted >= 20,
  );
  expect(sent.frozen).toBe(6);
  expect(new Set(acknowledged)).toEqual(new Set(["promoted"]));
});

test("late acknowledgements count, and then the node gets writes again", async () => {
  const unanswered: ((reply: ProbeReply) => void)[] = [];
  const acknowledged: ProbeReply[] = [];
  let sent = 0;
  let isFrozen = true;
  await probeUntil(
    [shard({ onAcknowledged: (_, reply) => acknowledged.push(reply) })],
    async () => {
      sent += 1;
      const reply = { ...REPLY, sentAt: sent };
      if (!isFrozen) return reply;
      const { promise, resolve } = Promise.withResolvers<ProbeReply>();
      unanswered.push(() => resolve(reply));
      if (sent === 6) {
        isFrozen = false;
        for (const answer of unanswered) answer(reply);
      }
      return await promise;
    },
    () => sent >= 8,
  );
  expect(acknowledged.slice(0, 6).map(({ sentAt }) => sentAt)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("rejected writes are reported, and the node gets writes again", async () => {
  const rejectedBy: string[] = [];
  await probeUntil(
    [shard({ onRejected: (node) => rejectedBy.push(node) })],
    () => Promise.reject(new Error("MOVED")),
    () => rejectedBy.length >= 3,
  );
  expect(new Set(rejectedBy)).toEqual(new Set(["node-0"]));
});

test("a node that becomes a target gets writes from then on", async () => {
  let targets = ["node-0"];
  const written = new Set<string>();
  await probeUntil(
    [shard({ targets: () => targets })],
    (node) => {
      written.add(node);
      targets = ["node-0", "node-3"];
      return Promise.resolve(REPLY);
    },
    () => written.has("node-3"),
  );
  expect([...written]).toEqual(["node-0", "node-3"]);
});
