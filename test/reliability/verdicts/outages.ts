import { AssertionError } from "node:assert";
import {
  assertUnavailableAtMost,
  type Ledger,
  type RedisClusterNode,
  RedisClusterError,
} from "testcontainers-redis-cluster";
import {
  between,
  compare,
  miscounted,
  moreWrites,
  oneOf,
  type Outcome,
  type ScenarioKind,
  type Setting,
  until,
  workloadOptions,
} from "./scenario.ts";

// Faults that are seeded into the time of a run: a shard takes no writes, or the wrong node acknowledges them.

/** Longer than any limit that a test would give. */
const ANY_LIMIT_MS = 3_600_000;

/** Blocks writes on a node; it goes on answering everything else. */
async function block(node: RedisClusterNode, ms: number): Promise<void> {
  await node.client.call("CLIENT", "PAUSE", String(ms), "WRITE");
}

async function unblock(node: RedisClusterNode): Promise<void> {
  await node.client.call("CLIENT", "UNPAUSE");
}

/** What an assertion makes of a ledger. */
function judged(ledger: Ledger, limitMs: number): "passes" | "fails" | "cannot tell" {
  try {
    assertUnavailableAtMost(ledger, limitMs);
    return "passes";
  } catch (error) {
    if (error instanceof AssertionError) return "fails";
    if (error instanceof RedisClusterError && error.code === "INVALID_ARGUMENT") return "cannot tell";
    throw error;
  }
}

/** A shard takes no writes for a while, and takes them again. */
async function gap({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  const shard = node.plannedShard;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    // A single writer that waits for a replica may be slow enough for such times to be ordinary.
    ...{ writers: between(random, 4, 8), keys: 24, wait: 0, commandTimeoutMs: 5_000 },
  });
  await moreWrites(workload, 100);
  const ms = between(random, 300, 600);
  const blockedAt = Date.now();
  await block(node, ms);
  await workload.waitForAcknowledged(shard, blockedAt + ms);
  await moreWrites(workload, 20);
  const ledger = await workload.stop();
  const { unavailableMs = 0 } = ledger.shards[shard] ?? {};
  const wrong = [...compare(ledger, [])];
  // Half of it is enough: on a busy machine the first writer may come long after the block.
  if (unavailableMs < ms / 2)
    wrong.push(`shard ${shard} was away for ${ms} ms; reported: ${unavailableMs} ms`);
  if (judged(ledger, ms / 2) !== "fails") wrong.push(`a limit of ${ms / 2} ms is not exceeded by ${ms} ms`);
  return { what: `shard ${shard} away for ${ms} ms`, wrong };
}

/** A shard takes no writes when the writers stop, after a longer time that has ended before, or without any. */
async function downAtTheEnd({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  const shard = node.plannedShard;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    // Long enough for a busy machine: a write to another shard that is given up leaves that one down as well.
    commandTimeoutMs: 1_500,
    wait: 0,
  });
  await moreWrites(workload, 100);
  const before = random() < 0.5 ? between(random, 350, 500) : 0;
  if (before > 0) {
    const blockedAt = Date.now();
    await block(node, before);
    await workload.waitForAcknowledged(shard, blockedAt + before);
  }
  await block(node, 60_000);
  const { attempts, acknowledged } = workload.progress;
  const unanswered = attempts - acknowledged;
  await until("a write has been tried in vain", () => {
    const now = workload.progress;
    return now.attempts - now.acknowledged > unanswered;
  });
  const ledger = await workload.stop();
  await unblock(node);
  const wrong: string[] = [...miscounted(ledger)];
  const verdict = judged(ledger, ANY_LIMIT_MS);
  if (verdict === "passes") wrong.push("not reported: a shard that was down at the end");
  if (judged(ledger, 1) === "passes") wrong.push("a limit of 1 ms holds");
  if (ledger.shards[shard]?.unavailableAtEndMs === undefined)
    wrong.push(`shard ${shard} is not told as down at the end`);
  const others = ledger.shards.filter(
    (each) => each.shard !== shard && each.unavailableAtEndMs !== undefined,
  );
  if (others.length > 0)
    wrong.push(
      `false alarm: ${JSON.stringify(others)} not down at the end; errors ${JSON.stringify(ledger.errors)}`,
    );
  if (ledger.lost.length + ledger.duplicated.length + ledger.stale.length > 0)
    wrong.push("false alarm: lost writes");
  return { what: `shard ${shard} down at the end, ${before} ms before`, wrong };
}

/** A shard takes no writes at all. */
async function neverUp({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  await block(node, 60_000);
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    commandTimeoutMs: between(random, 50, 200),
    wait: 0,
    reads: 0,
  });
  await moreWrites(workload, 50);
  await until("a write has been tried in vain", () => {
    const { attempts, acknowledged } = workload.progress;
    return attempts > acknowledged;
  });
  const ledger = await workload.stop();
  await unblock(node);
  const shard = ledger.shards[node.plannedShard];
  const wrong: string[] = [...miscounted(ledger)];
  if (judged(ledger, ANY_LIMIT_MS) === "passes") wrong.push("not reported: a shard that was never there");
  if (shard?.acknowledged !== 0 || shard.unavailableAtEndMs === undefined)
    wrong.push("the shard is not told as down");
  return { what: `shard ${node.plannedShard} down from the beginning`, wrong };
}

/** The client gives up for good. */
async function clientGone({ cluster, random }: Setting): Promise<Outcome> {
  let gone = false;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    wait: 0,
    commandTimeoutMs: 200,
    client: {
      clusterRetryStrategy: () => {
        gone = true;
        return null;
      },
    },
  });
  await moreWrites(workload, 50);
  // All nodes at once: while one of them answers, the client goes on.
  const killed = await cluster.kill(cluster.nodes.map(String));
  await until("the client has given up", () => Promise.resolve(gone));
  await killed.heal();
  await cluster.waitUntilHealthy();
  const ledger = await workload.stop();
  const wrong: string[] = [...miscounted(ledger)];
  if (ledger.endedClients.length === 0) wrong.push("not reported: the client that ended");
  if (judged(ledger, ANY_LIMIT_MS) === "passes")
    wrong.push("not reported: nothing was written after the client had ended");
  return { what: "the client gave up", wrong };
}

/**
 * A primary that was replaced goes on acknowledging. Its acknowledgements must not count as the shard's recovery, and the
 * writes have to be named as lost, by it.
 */
async function deposedPrimary({ cluster, random }: Setting): Promise<Outcome | undefined> {
  const node = oneOf(random, await cluster.primaries());
  const shard = node.plannedShard;
  const key = keyOf(shard);
  const [replica] = await cluster.replicasOf(key);
  if (replica === undefined) throw new Error(`shard ${shard} has no replica`);
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    kinds: ["set"],
    wait: 0,
    reads: 0,
    commandTimeoutMs: 300,
  });
  await moreWrites(workload, 100);
  const cut = await cluster.isolate(node, { plane: "bus" });
  await cluster.failover(replica, { mode: "takeover" });
  const promotedAt = Date.now();
  const recoveredAt = await workload.waitForAcknowledged(shard, promotedAt);
  await cut.heal();
  const byOld = workload.firstAcknowledgedAfter(shard, promotedAt, { by: node });
  const byNew = workload.firstAcknowledgedAfter(shard, promotedAt, { by: replica });
  const ledger = await workload.stop();
  // Without an acknowledgement of the old primary nothing was wrong to begin with.
  if (byOld === undefined) return undefined;
  const wrong: string[] = [...miscounted(ledger)];
  if (recoveredAt !== byNew) wrong.push("the recovery is not the promoted node's first acknowledgement");
  // This does not depend on who is said to have acknowledged what: what the old primary took in is gone.
  if (ledger.lost.some(({ acknowledgedAt }) => acknowledgedAt === recoveredAt))
    wrong.push("the write that was taken for the recovery is lost");
  if (ledger.lost.length === 0) wrong.push("not reported: the writes that the old primary acknowledged");
  const others = ledger.lost.filter(({ acknowledgedBy }) => acknowledgedBy !== node.name);
  if (others.length > 0)
    wrong.push(`${others.length} lost writes are said to be of ${others[0]?.acknowledgedBy}`);
  return { what: `${node.name} acknowledged after ${replica.name} had replaced it`, wrong };
}

/** A key of a planned shard of a cluster with three. */
export function keyOf(shard: number): string {
  // Slots 3300, 7365 and 15495 of 16384.
  return ["b", "c", "a"][shard] ?? "b";
}

/** Kinds of faults that are seeded into time. */
export const OUTAGES: readonly ScenarioKind[] = [
  { name: "shard away for a while", weight: 4, run: gap },
  { name: "shard down at the end", weight: 5, run: downAtTheEnd },
  { name: "shard down from the beginning", weight: 3, run: neverUp },
  { name: "client that gave up", weight: 2, run: clientGone },
  { name: "acknowledgements of a deposed primary", weight: 3, run: deposedPrimary },
];
