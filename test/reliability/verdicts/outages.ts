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
  findWrongSums,
  moreWrites,
  oneOf,
  type Outcome,
  type ScenarioKind,
  type Setting,
  waitUntil,
  workloadOptions,
} from "./scenario.ts";

// Faults that are seeded during a run: a shard does not accept writes, or the wrong node acknowledges them.

/** A limit that is longer than that of any test. */
const LONG_LIMIT_MS = 3_600_000;

/** Blocks writes on a node. The node still answers all other commands. */
async function blockWrites(node: RedisClusterNode, ms: number): Promise<void> {
  await node.client.call("CLIENT", "PAUSE", String(ms), "WRITE");
}

async function unblockWrites(node: RedisClusterNode): Promise<void> {
  await node.client.call("CLIENT", "UNPAUSE");
}

/** Returns the result of the assertion about unavailability for a ledger. */
function assertUnavailability(ledger: Ledger, limitMs: number): "passes" | "fails" | "rejects the ledger" {
  try {
    assertUnavailableAtMost(ledger, limitMs);
    return "passes";
  } catch (error) {
    if (error instanceof AssertionError) return "fails";
    if (error instanceof RedisClusterError && error.code === "INVALID_ARGUMENT") return "rejects the ledger";
    throw error;
  }
}

/** A shard does not accept writes for some time. */
async function unavailableForSomeTime({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  const shard = node.plannedShard;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    // With a single writer that waits for a replica, gaps of this length could be normal.
    ...{ writers: between(random, 4, 8), keys: 24, wait: 0, commandTimeoutMs: 5_000 },
  });
  await moreWrites(workload, 100);
  const ms = between(random, 300, 600);
  const blockedAt = Date.now();
  await blockWrites(node, ms);
  await workload.waitForAcknowledged(shard, blockedAt + ms);
  await moreWrites(workload, 20);
  const ledger = await workload.stop();
  const { unavailableMs = 0 } = ledger.shards[shard] ?? {};
  const wrong = [...compare(ledger, [])];
  // Half of the time is enough, because on a busy machine the first writer may try long after the block has started.
  if (unavailableMs < ms / 2)
    wrong.push(`shard ${shard} was unavailable for ${ms} ms, reported: ${unavailableMs} ms`);
  if (assertUnavailability(ledger, ms / 2) !== "fails")
    wrong.push(`a limit of ${ms / 2} ms did not fail for ${ms} ms`);
  return { what: `shard ${shard} unavailable for ${ms} ms`, wrong };
}

/** A shard does not accept writes when the writers stop. In half of the runs it was also unavailable before. */
async function downAtTheEnd({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  const shard = node.plannedShard;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    // Long enough for a busy machine, because a write to another shard that times out counts that shard as down as well.
    commandTimeoutMs: 1_500,
    wait: 0,
  });
  await moreWrites(workload, 100);
  const before = random() < 0.5 ? between(random, 350, 500) : 0;
  if (before > 0) {
    const blockedAt = Date.now();
    await blockWrites(node, before);
    await workload.waitForAcknowledged(shard, blockedAt + before);
  }
  await blockWrites(node, 60_000);
  const { attempts, acknowledged } = workload.progress;
  const unanswered = attempts - acknowledged;
  await waitUntil("a write is not answered", () => {
    const now = workload.progress;
    return now.attempts - now.acknowledged > unanswered;
  });
  const ledger = await workload.stop();
  await unblockWrites(node);
  const wrong: string[] = [...findWrongSums(ledger)];
  const result = assertUnavailability(ledger, LONG_LIMIT_MS);
  if (result === "passes") wrong.push("not reported: a shard that was down at the end");
  if (assertUnavailability(ledger, 1) === "passes") wrong.push("a limit of 1 ms passes");
  if (ledger.shards[shard]?.unavailableAtEndMs === undefined)
    wrong.push(`shard ${shard} is not reported as down at the end`);
  const others = ledger.shards.filter(
    (other) => other.shard !== shard && other.unavailableAtEndMs !== undefined,
  );
  if (others.length > 0)
    wrong.push(
      `false alarm: ${JSON.stringify(others)} were not down at the end, errors ${JSON.stringify(ledger.errors)}`,
    );
  if (ledger.lost.length + ledger.duplicated.length + ledger.stale.length > 0)
    wrong.push("false alarm: lost writes");
  return { what: `shard ${shard} down at the end, and for ${before} ms before`, wrong };
}

/** A shard never accepts writes. */
async function neverUp({ cluster, random }: Setting): Promise<Outcome> {
  const node = oneOf(random, await cluster.primaries());
  await blockWrites(node, 60_000);
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    commandTimeoutMs: between(random, 50, 200),
    wait: 0,
    reads: 0,
  });
  await moreWrites(workload, 50);
  await waitUntil("a write is not answered", () => {
    const { attempts, acknowledged } = workload.progress;
    return attempts > acknowledged;
  });
  const ledger = await workload.stop();
  await unblockWrites(node);
  const shard = ledger.shards[node.plannedShard];
  const wrong: string[] = [...findWrongSums(ledger)];
  if (assertUnavailability(ledger, LONG_LIMIT_MS) === "passes")
    wrong.push("not reported: a shard that was never available");
  if (shard?.acknowledged !== 0 || shard.unavailableAtEndMs === undefined)
    wrong.push("the shard is not reported as down");
  return { what: `shard ${node.plannedShard} down from the beginning`, wrong };
}

/** The client stops reconnecting. */
async function endedClient({ cluster, random }: Setting): Promise<Outcome> {
  let hasEnded = false;
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    wait: 0,
    commandTimeoutMs: 200,
    client: {
      clusterRetryStrategy: () => {
        hasEnded = true;
        return null;
      },
    },
  });
  await moreWrites(workload, 50);
  // All nodes are killed, because the client continues if one of them answers.
  const killed = await cluster.kill(cluster.nodes.map(String));
  await waitUntil("the client has ended", () => Promise.resolve(hasEnded));
  await killed.heal();
  await cluster.waitUntilHealthy();
  const ledger = await workload.stop();
  const wrong: string[] = [...findWrongSums(ledger)];
  if (ledger.endedClients.length === 0) wrong.push("not reported: the client that ended");
  if (assertUnavailability(ledger, LONG_LIMIT_MS) === "passes")
    wrong.push("not reported: no writes after the client had ended");
  return { what: "the client ended", wrong };
}

/**
 * A replaced primary continues to acknowledge writes. Its acknowledgements must not count as the recovery of the shard, and the
 * ledger must report these writes as lost and acknowledged by that node.
 */
async function replacedPrimary({ cluster, random }: Setting): Promise<Outcome | undefined> {
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
  const isolation = await cluster.isolate(node, { plane: "bus" });
  await cluster.failover(replica, { mode: "takeover" });
  const promotedAt = Date.now();
  const recoveredAt = await workload.waitForAcknowledged(shard, promotedAt);
  await isolation.heal();
  const byOld = workload.firstAcknowledgedAfter(shard, promotedAt, { by: node });
  const byNew = workload.firstAcknowledgedAfter(shard, promotedAt, { by: replica });
  const ledger = await workload.stop();
  // Without an acknowledgement of the old primary, there is nothing to report.
  if (byOld === undefined) return undefined;
  const wrong: string[] = [...findWrongSums(ledger)];
  if (recoveredAt !== byNew) wrong.push("the recovery is not the first acknowledgement of the promoted node");
  // This check does not depend on `acknowledgedBy`: all writes to the old primary after its replacement are lost.
  if (ledger.lost.some(({ acknowledgedAt }) => acknowledgedAt === recoveredAt))
    wrong.push("the write that counted as the recovery is lost");
  if (ledger.lost.length === 0) wrong.push("not reported: the writes that the old primary acknowledged");
  const others = ledger.lost.filter(({ acknowledgedBy }) => acknowledgedBy !== node.name);
  if (others.length > 0)
    wrong.push(`${others.length} lost writes are attributed to ${others[0]?.acknowledgedBy}`);
  return { what: `${node.name} acknowledged after ${replica.name} had replaced it`, wrong };
}

/** Returns a key of a planned shard in a cluster of three shards. */
export function keyOf(shard: number): string {
  // These keys have the slots 3300, 7365 and 15495 of 16384.
  return ["b", "c", "a"][shard] ?? "b";
}

/** The kinds of faults that are seeded during a run. */
export const OUTAGES: readonly ScenarioKind[] = [
  { name: "shard unavailable for some time", weight: 4, run: unavailableForSomeTime },
  { name: "shard down at the end", weight: 5, run: downAtTheEnd },
  { name: "shard down from the beginning", weight: 3, run: neverUp },
  { name: "client that ended", weight: 2, run: endedClient },
  { name: "acknowledgements of a replaced primary", weight: 3, run: replacedPrimary },
];
