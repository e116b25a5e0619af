import { redisClusterTest } from "testcontainers-redis-cluster/vitest";
import { expect } from "vitest";
import { expectHealed } from "../../support/expect-healed.ts";
import { listPacketFilters } from "../../support/network-helpers.ts";

const test = redisClusterTest({ nodeTimeoutMs: 500 });
test.afterEach(({ cluster }) => expectHealed(cluster));

test("a fault that times out is reverted, and heal() waits until it is", async ({ cluster }) => {
  // The first network fault of a handle looks for the helper image. The calls below must not time out while they do that.
  await (await cluster.isolate("node-0")).heal();
  // A helper container needs a few hundred milliseconds.
  const tooShort = { timeoutMs: 60 };
  await expect(cluster.isolate("node-0", tooShort)).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  await expect(cluster.dropPackets("node-1", 0.1, tooShort)).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  await expect(cluster.pause("node-2", { timeoutMs: 1 })).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
  await cluster.heal();
  for (const name of ["node-0", "node-1"]) {
    // Docker has its own tables there. The tables of this library start with trc_.
    expect(await listPacketFilters(cluster.node(name).containerId), name).not.toContain("trc_");
  }
  expect((await cluster.node("node-2").state()).status).toBe("running");
});
