import Table from "cli-table3";
import { type Failover, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { leftovers } from "../support/engine.ts";
import { writeScenarios } from "../support/write-scenarios.ts";
import type { BenchOptions } from "./run.ts";
import { median, percentile, rounded, spread } from "./statistics.ts";

const NODE_TIMEOUTS_MS = [500, 1_000, 2_000, 5_000];
const KEY = "failover";

interface Round {
  /** From the kill to the first write that the promoted node acknowledged. */
  readonly recoveredMs: number;
  /** To the promotion in the promoted node's own log: what no client can be faster than. */
  readonly serverFloorMs: number;
  readonly failedMs: number | undefined;
  readonly announcedDelayMs: number | undefined;
  readonly agreedMs: number | undefined;
}

/** A primary is killed again and again: the first write that works beside the server's own promotion. */
export async function benchFailover({ only, rounds = 10, json }: BenchOptions): Promise<void> {
  const timeouts = NODE_TIMEOUTS_MS.filter((timeoutMs) => only === undefined || String(timeoutMs) === only);
  if (timeouts.length === 0) {
    throw new Error(
      `no scenario is called ${only}: they are the node timeouts ${NODE_TIMEOUTS_MS.join(", ")}`,
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
    const failover = await failOnce(cluster, nodeTimeoutMs);
    expected = failover.expected;
    const { recoveredMs, electedMs, failedMs, announcedDelayMs, agreedMs } = failover.phases;
    if (recoveredMs === undefined || electedMs === undefined) {
      throw new Error(
        `round ${round + 1}: the log of ${failover.promoted.name} does not tell of its election`,
      );
    }
    measured.push({ recoveredMs, serverFloorMs: electedMs, failedMs, announcedDelayMs, agreedMs });
  }
  process.stderr.write("\r\u001b[K");
  return { measured, expected };
}

async function failOnce(cluster: StartedRedisCluster, nodeTimeoutMs: number): Promise<Failover> {
  // Twice the longest that the rules allow, so that one election that has to be repeated does not end the bench.
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
  const after = rounds.map(({ recoveredMs, serverFloorMs }) => recoveredMs - serverFloorMs);
  const middle = (pick: (round: Round) => number | undefined): number | undefined => {
    const seen = rounds.map(pick).filter((value) => value !== undefined);
    return seen.length === 0 ? undefined : Math.round(median(seen));
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
    afterPromotionMs: Math.round(median(after)),
    afterPromotionP95Ms: Math.round(percentile(after, 0.95)),
    failedMs: middle(({ failedMs }) => failedMs),
    announcedDelayMs: middle(({ announcedDelayMs }) => announcedDelayMs),
    agreedMs: middle(({ agreedMs }) => agreedMs),
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
      `floor: promoted, in the server's log (expected ${from}–${to})`,
      spread(rounds.map((each) => each.serverFloorMs)),
    ],
    ["first acknowledged write", spread(rounds.map((each) => each.recoveredMs))],
  );
  console.log(table.toString());
  console.log(
    `first write ÷ floor ${scenario.ratioToFloor}   after the promotion ${scenario.afterPromotionMs} ms, ` +
      `95th percentile ${scenario.afterPromotionP95Ms} ms   declared dead ${scenario.failedMs} ms   ` +
      `announced delay ${scenario.announcedDelayMs} ms\n`,
  );
}
