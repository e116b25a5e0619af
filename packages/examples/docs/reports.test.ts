import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
// #region import
import { report, reportPage } from "testcontainers-redis-cluster/report";
// #endregion
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterAll } from "vitest";

const folder = await mkdtemp(join(tmpdir(), "docs-reports-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const test = redisClusterTest({ nodes: 6, replicas: 1, nodeTimeoutMs: 500 });

test("reports a failover in each format", { timeout: 60_000 }, async ({ cluster }) => {
  // #region report
  const workload = await cluster.startWorkload();
  const failover = await cluster.observeFailover(() => cluster.killPrimary("order:42"));
  const ledger = await workload.stop();

  const result = report(failover, ledger, { title: "orders survive a dead primary" });
  console.log(result.toText());
  await writeFile(join(folder, "failover.html"), result.toHTML());
  // #endregion
  expect(result.toText({ columns: 100, color: false })).toContain("orders survive a dead primary\n");
  expect(await readFile(join(folder, "failover.html"), "utf8")).toMatch(/^<!doctype html>/);

  // #region picture-and-data
  await writeFile(join(folder, "failover.svg"), result.toSVG({ width: 800 }));
  await writeFile(join(folder, "failover.json"), JSON.stringify(result));
  // #endregion
  expect(await readFile(join(folder, "failover.svg"), "utf8")).toMatch(/^<svg /);
  expect(JSON.parse(await readFile(join(folder, "failover.json"), "utf8"))).toMatchObject({
    version: 1,
    title: "orders survive a dead primary",
  });

  // #region page
  const page = reportPage(
    [
      { title: "orders survive", outcome: "passed", report: result.toJSON() },
      { title: "without a workload", report: report(failover).toJSON() },
    ],
    { title: "Failovers of the order service" },
  );
  await writeFile(join(folder, "failovers.html"), page);
  // #endregion
  expect(page).toContain("<h1>Failovers of the order service</h1>");
});
