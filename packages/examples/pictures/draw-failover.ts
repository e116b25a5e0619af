import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startRedisCluster } from "testcontainers-redis-cluster";
import { report } from "testcontainers-redis-cluster/report";

// Kills a primary of a real cluster, and draws what happened: the pictures and the timeline of the README.
// Run it with `./dev node packages/examples/pictures/draw-failover.ts`.

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = `${ROOT}docs/images`;
const WIDTH = 900;
const COLUMNS = 100;

await using cluster = await startRedisCluster({ nodes: 6, replicas: 1 });
const workload = await cluster.startWorkload({ writers: 8, ratePerSecond: 2_000 });
const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
const ledger = await workload.stop();

const result = report(failover, ledger, { title: "A primary is killed" });
mkdirSync(FOLDER, { recursive: true });
for (const theme of ["light", "dark"] as const)
  writeFileSync(`${FOLDER}/failover-${theme}.svg`, result.toSVG({ width: WIDTH, theme }));
writeTimeline(result.toText({ columns: COLUMNS, color: false }));

/** Writes the text of a report, without its chart, into the block of the README after the mark. */
function writeTimeline(text: string): void {
  const [summary, , events] = text.split("\n\n");
  const path = `${ROOT}README.md`;
  const readme = readFileSync(path, "utf8");
  const mark = "<!-- written by packages/examples/pictures/draw-failover.ts -->\n";
  const [before = "", after = ""] = readme.split(mark);
  writeFileSync(
    path,
    `${before}${mark}${after.replace(/^```text\n[^]*?```\n/, () => `\`\`\`text\n${summary}\n\n${events}\n\`\`\`\n`)}`,
  );
}
