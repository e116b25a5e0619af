import { expect, test } from "vitest";
import type { ProbeReply } from "../clients/probe-writer.ts";
import { type ProbedShard, probeShards } from "./probe-shards.ts";

const REPLY: ProbeReply = { sentAt: 1, atMs: 2, serverMs: undefined };

function shard(changes: Partial<ProbedShard>): ProbedShard {
  return {
    slot: 7,
    targets: () => ["node-0"],
    troubled: () => true,
    onAcknowledged: () => {},
    onRefused: () => {},
    ...changes,
  };
}

/** Probes until something is so, and then ends. */
async function probeUntil(
  shards: readonly ProbedShard[],
  write: (node: string, slot: number) => Promise<ProbeReply>,
  done: () => boolean,
): Promise<void> {
  const stop = new AbortController();
  const probing = probeShards(shards, write, stop.signal);
  await expect.poll(done, { interval: 2, timeout: 10_000 }).toBe(true);
  stop.abort();
  await probing;
}

test("a node that leaves writes unanswered is sent no more, and keeps no other node waiting", async () => {
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

test("an acknowledgement that comes late is an acknowledgement, and then the node is sent writes again", async () => {
  const waiting: ((reply: ProbeReply) => void)[] = [];
  const acknowledged: ProbeReply[] = [];
  let sent = 0;
  let frozen = true;
  await probeUntil(
    [shard({ onAcknowledged: (_, reply) => acknowledged.push(reply) })],
    async () => {
      sent += 1;
      const reply = { ...REPLY, sentAt: sent };
      if (!frozen) return reply;
      const { promise, resolve } = Promise.withResolvers<ProbeReply>();
      waiting.push(() => resolve(reply));
      if (sent === 6) {
        frozen = false;
        for (const answer of waiting) answer(reply);
      }
      return await promise;
    },
    () => sent >= 8,
  );
  expect(acknowledged.slice(0, 6).map(({ sentAt }) => sentAt)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("what a node refuses is told, and it is asked again", async () => {
  const refused: string[] = [];
  await probeUntil(
    [shard({ onRefused: (node) => refused.push(node) })],
    () => Promise.reject(new Error("MOVED")),
    () => refused.length >= 3,
  );
  expect(new Set(refused)).toEqual(new Set(["node-0"]));
});

test("a node that joins the targets is written to from then on", async () => {
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
