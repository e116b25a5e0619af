import { parseArgs } from "node:util";
import { benchAccess } from "./access.ts";
import { benchFailover } from "./failover.ts";
import { benchParallel } from "./parallel.ts";
import { benchReset } from "./reset.ts";
import { benchSoak } from "./soak.ts";
import { benchStart } from "./start.ts";
import { benchWorkload } from "./workload.ts";

const USAGE = `usage: ./dev bench NAME [--only SCENARIO] [--rounds N] [--json FILE]

  start     starts, compared with the bare Docker API and a manual recipe (scenarios: 3x1, 3x0, 3x2, 15x1, 30x1)
  failover  time from a kill to the first acknowledged write, compared with the promotion in the server's log
            (scenarios: 500, 1000, 2000, 5000)
  reset     resets after several kinds of use, compared with a new start
            (scenarios: unharmed, keys, kill, kill-failover, failover, partition)
  workload  recorded writes, compared with a bare ioredis loop
  access    operations per second, latency and start with direct access and with published ports
  soak      many starts and stops in sequence: failures, leftovers, fallbacks, memory (200 rounds)
  parallel  four processes with ten clusters each, all at the same time: collisions, leftovers`;

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  start: benchStart,
  workload: benchWorkload,
  failover: benchFailover,
  reset: benchReset,
  access: benchAccess,
  soak: benchSoak,
  parallel: benchParallel,
};

/** The options of every benchmark. */
export interface BenchOptions {
  readonly only: string | undefined;
  readonly rounds: number | undefined;
  readonly json: string | undefined;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string" }, rounds: { type: "string" }, json: { type: "string" } },
});
const bench = BENCHES[positionals[0] ?? ""];
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
/** The benchmarks that have scenarios. */
const WITH_SCENARIOS: ReadonlySet<string> = new Set(["start", "failover", "reset"]);
if (
  bench === undefined ||
  (values.only !== undefined && !WITH_SCENARIOS.has(positionals[0] ?? "")) ||
  positionals.length > 1 ||
  (rounds !== undefined && !(rounds >= 1 && rounds % 1 === 0))
) {
  console.error(USAGE);
  process.exit(2);
}
await bench({ only: values.only, rounds, json: values.json });
