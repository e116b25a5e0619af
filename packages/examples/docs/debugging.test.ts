import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisClusterError } from "testcontainers-redis-cluster";
import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { afterAll } from "vitest";

const evidenceDir = await mkdtemp(join(tmpdir(), "docs-debugging-"));
afterAll(() => rm(evidenceDir, { recursive: true, force: true }));

const test = redisClusterTest({ nodes: 3, replicas: 0, nodeTimeoutMs: 500, evidenceDir });

test("saves evidence", { timeout: 60_000 }, async ({ cluster }) => {
  // #region save-evidence
  const folder = await cluster.saveEvidence(undefined, { title: "an order survives" });
  console.log(`Evidence: ${folder}`);
  // #endregion
  expect(folder).toContain(evidenceDir);
  expect((await readdir(folder)).toSorted()).toEqual(
    [
      ...["README.txt", "error.txt", "timeline.txt", "log.txt", "nodes.txt", "views.json"],
      ...["failovers.json", "ledgers.json", "history.json", "plan.json", "versions.json"],
    ].toSorted(),
  );
});

test("explains an error", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.pause("node-0");
  // #region error
  try {
    await cluster.waitUntilHealthy({ timeoutMs: 3_000 });
  } catch (error) {
    if (!(error instanceof RedisClusterError)) throw error;
    console.log(error.code); // "WAIT_TIMEOUT"
    console.log(error.message); // the action, the timeout, and what was still wrong
    console.log(error.details["nodes"]); // each node's state, view and last lines of output
    console.log(error.details["evidence"]); // the folder, if `evidenceDir` is set
  }
  // #endregion
  const saved = expect.stringContaining("waiting-for-a-healthy-cluster");
  expect(await readdir(evidenceDir)).toContainEqual(saved);
});

test("shows the state of the cluster", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.kill("node-1");
  // #region state
  const { problems } = await cluster.check();
  console.log(problems.join("\n"));

  const node = cluster.node("node-1");
  console.log(await node.state()); // what the engine reports about the container
  console.log(await node.logs({ tail: 50 })); // the last lines that the node printed, also after a kill
  // #endregion
  expect(problems.join()).toContain("node-1 returned no view");
  expect((await node.state()).status).toBe("exited");
  expect(await node.logs({ tail: 50 })).not.toBe("");
});

test("records what happened", { timeout: 60_000 }, async ({ cluster }) => {
  await cluster.pause({ random: 1 });
  await cluster.heal();
  // #region history
  const { faults, seeds, errors } = cluster.history;
  console.log(faults.map(({ description, since, healedAt }) => ({ description, since, healedAt })));
  console.log(seeds.map(({ what, seed }) => `${what}: seed ${seed}`));
  console.log(errors.map(({ phase, message }) => `${phase}: ${message}`));
  // #endregion
  expect(faults).toHaveLength(1);
  expect(seeds).toHaveLength(1);
  expect(errors).toEqual([]);
});
