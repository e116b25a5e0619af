import Table from "cli-table3";
import { type Failover, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, percentile, rounded, spread } from "./statistics.ts";

const NODE_TIMEOUTS_MS = [500, 1_000, 2_000, 5_000];
const KEY = "failover";

interface Round {
  /** The time from the kill to the first write that the promoted node acknowledged. */
  readonly recoveredMs: number;
  /** The time from the kill to the promotion in the log of the promoted node. No client can be faster. */
  readonly serverFloorMs: number;
  readonly failedMs: number | undefined;
  readonly announcedDelayMs: number | undefined;
  readonly agreedMs: number | undefined;
}

/** Kills a primary repeatedly. Compares the first successful write with the promotion in the server's log. */
export async function benchFailover({ only, rounds = 10, json }: BenchOptions): Promise<void> {
  const timeouts = NODE_TIMEOUTS_MS.filter((timeoutMs) => only === undefined || String(timeoutMs) === only);
  if (timeouts.length === 0) {
    throw new Error(
      `Unknown scenario ${only}: expected a node timeout in milliseconds: ${NODE_TIMEOUTS_MS.join(", ")}`,
    );
  }
  const scenarios: ReturnType<typeof summary>[] = [];
  for (const nodeTimeoutMs of timeouts) {
    const { measured, expected } = await measure(nodeTimeoutMs, rounds);
    const scenario = summary(nodeTimeoutMs, measured, expected);
    scenarios.push(scenario);
    print(measured, scenario);
  }
  await writeScenarios(json, scenarios);
  const left = await leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

async function measure(nodeTimeoutMs: number, rounds: number) {
  await using cluster = await startRedisCluster({ nodeTimeoutMs });
  const measured: Round[] = [];
  let expected: Failover["expected"] | undefined;
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`\r${nodeTimeoutMs} ms: round ${round + 1} of ${rounds}  `);
    const failover = await observeOneFailover(cluster, nodeTimeoutMs);
    expected = failover.expected;
    const { recoveredMs, electedMs, failedMs, announcedDelayMs, agreedMs } = failover.phases;
    if (recoveredMs === undefined || electedMs === undefined) {
      throw new Error(
        `Round ${round + 1}: the log of ${failover.promoted.name} does not contain its election`,
      );
    }
    measured.push({ recoveredMs, serverFloorMs: electedMs, failedMs, announcedDelayMs, agreedMs });
  }
  process.stderr.write("\r\u001b[K");
  return { measured, expected };
}

async function observeOneFailover(cluster: StartedRedisCluster, nodeTimeoutMs: number): Promise<Failover> {
  // Twice the longest time that the rules of the servers allow, so that a repeated election does not end the benchmark.
  const failover = await cluster.observeFailover(() => cluster.killMaster(KEY), {
    withinMs: 10_000 + 8 * nodeTimeoutMs,
  });
  await cluster.restart(failover.failed.name);
  await cluster.waitUntilHealthy();
  return failover;
}

function summary(
  nodeTimeoutMs: number,
  rounds: readonly Round[],
  expected: Failover["expected"] | undefined,
) {
  const recovered = rounds.map(({ recoveredMs }) => recoveredMs);
  const floor = rounds.map(({ serverFloorMs }) => serverFloorMs);
  const afterPromotion = rounds.map(({ recoveredMs, serverFloorMs }) => recoveredMs - serverFloorMs);
  const medianOf = (pick: (round: Round) => number | undefined): number | undefined => {
    const known = rounds.map(pick).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.round(median(known));
  };
  return {
    name: String(nodeTimeoutMs),
    nodeTimeoutMs,
    rounds: rounds.length,
    recoveredMs: Math.round(median(recovered)),
    recoveredRangeMs: [Math.min(...recovered), Math.max(...recovered)],
    serverFloorMs: Math.round(median(floor)),
    serverFloorRangeMs: [Math.min(...floor), Math.max(...floor)],
    ratioToFloor: rounded(median(rounds.map((round) => round.recoveredMs / round.serverFloorMs)), 3),
    afterPromotionMs: Math.round(median(afterPromotion)),
    afterPromotionP95Ms: Math.round(percentile(afterPromotion, 0.95)),
    failedMs: medianOf(({ failedMs }) => failedMs),
    announcedDelayMs: medianOf(({ announcedDelayMs }) => announcedDelayMs),
    agreedMs: medianOf(({ agreedMs }) => agreedMs),
    expectedMs: expected === undefined ? undefined : [expected.minMs, expected.maxMs],
  };
}

function print(rounds: readonly Round[], scenario: ReturnType<typeof summary>): void {
  const [from = 0, to = 0] = scenario.expectedMs ?? [];
  const table = new Table({
    head: [
      `node timeout ${scenario.nodeTimeoutMs} ms, ${rounds.length} rounds`,
      "ms since the kill: median (range)",
    ],
    style: { head: [] },
  });
  table.push(
    [
      `floor: promotion in the server's log (expected ${from}–${to})`,
      spread(rounds.map((round) => round.serverFloorMs)),
    ],
    ["first acknowledged write", spread(rounds.map((round) => round.recoveredMs))],
  );
  console.log(table.toString());
  console.log(
    `first write ÷ floor ${scenario.ratioToFloor}   after the promotion ${scenario.afterPromotionMs} ms, ` +
      `95th percentile ${scenario.afterPromotionP95Ms} ms   marked as failed ${scenario.failedMs} ms   ` +
      `announced delay ${scenario.announcedDelayMs} ms\n`,
  );
}
