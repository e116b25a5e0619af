import { expect, redisClusterTest } from "testcontainers-redis-cluster/vitest";

const test = redisClusterTest({ nodes: 6, replicas: 1, nodeTimeoutMs: 500 });

test("kills the primary of a key", { timeout: 60_000 }, async ({ cluster }) => {
  // #region kill-a-primary
  const primary = await cluster.primaryOf("order:42");
  await cluster.killPrimary("order:42"); // SIGKILL

  const promoted = await cluster.primaryOf("order:42"); // waits until the promoted replica executes commands
  expect(promoted.name).not.toBe(primary.name);
  // #endregion
});

test("kills other nodes", { timeout: 60_000 }, async ({ cluster }) => {
  // #region kill-other-nodes
  await cluster.kill({ replicaOf: "order:42" }); // a node by what it does at this moment
  await cluster.kill(["node-3", "node-4"], { with: "SIGTERM" }); // nodes by their names, with another signal
  // #endregion
  const states = await Promise.all(["node-3", "node-4"].map((name) => cluster.node(name).state()));
  expect(states.map(({ status }) => status)).toEqual(["exited", "exited"]);
  expect(cluster.activeFaults).toHaveLength(2);
});

test("shuts nodes down and starts them again", { timeout: 60_000 }, async ({ cluster }) => {
  // #region shut-down-and-restart
  const fault = await cluster.shutdown({ replicaOf: "order:42" }); // SIGTERM
  await fault.heal(); // starts the node, and waits until it has rejoined the cluster and is in sync

  await cluster.shutdown("node-3");
  await cluster.restart("node-3", { data: "wiped" }); // starts the node without its data
  expect(cluster.activeFaults).toEqual([]); // the restart has ended the shutdown
  // #endregion
});

test("pauses a process", { timeout: 90_000 }, async ({ cluster }) => {
  // #region pause-a-process
  const primary = await cluster.primaryOf("order:42");
  await cluster.pause(primary);
  const promoted = await cluster.primaryOf("order:42"); // waits for the failover

  await cluster.resume(primary);
  await cluster.waitUntilHealthy(); // waits until the old primary follows the promoted node
  expect(promoted.name).not.toBe(primary.name);
  // #endregion
  expect((await cluster.replicasOf("order:42")).map(({ name }) => name)).toContain(primary.name);
});

test("isolates a primary", { timeout: 90_000 }, async ({ cluster }) => {
  // #region isolate
  const primary = await cluster.primaryOf("order:42");
  const cut = await cluster.isolate(primary);
  // This process still reaches the isolated primary, so `primaryOf` returns it at first.
  const currentPrimary = async () => (await cluster.primaryOf("order:42")).name;
  await expect.poll(currentPrimary, { timeout: 20_000 }).not.toBe(primary.name);

  await cut.heal(); // removes the packet filters
  await cluster.waitUntilHealthy(); // waits until the old primary follows the promoted node
  // #endregion
});

test("partitions the cluster", { timeout: 90_000 }, async ({ cluster }) => {
  // #region partition
  const fault = await cluster.partition([["node-0", "node-1"], "rest"]);
  await expect.poll(() => cluster, { timeout: 20_000 }).not.toCoverAllSlots();

  await fault.heal();
  await cluster.waitUntilHealthy();
  // #endregion
});

test("cuts clients off from a node", { timeout: 60_000 }, async ({ cluster }) => {
  // #region cut-clients-off
  await cluster.isolate("node-0", { plane: "clients" });

  const { allReachable, configurationAgreed } = await cluster.check();
  expect(allReachable).toBe(false); // this process does not reach node-0 any more,
  expect(configurationAgreed).toBe(true); // but the other nodes do
  // #endregion
});

test("cuts one direction", { timeout: 60_000 }, async ({ cluster }) => {
  // #region cut-one-direction
  await cluster.partition([["node-3"], "rest"], { plane: "bus", oneWay: true });
  // #endregion
  expect(cluster.activeFaults).toHaveLength(1);
});

test("drops packets", { timeout: 60_000 }, async ({ cluster }) => {
  // #region drop-packets
  const fault = await cluster.dropPackets("node-3", 0.01, { plane: "bus" }); // 1 % of the packets
  // #endregion
  expect(fault.nodes).toEqual(["node-3"]);
  expect(cluster.activeFaults).toEqual([fault]);
});

test("delays packets if the kernel can do that", { timeout: 60_000 }, async ({ cluster }) => {
  const delayPackets = async () => {
    // #region delay-packets
    const fault = await cluster.delayPackets("node-3", 100, { jitterMs: 20 });
    // #endregion
    return fault;
  };
  const result = await delayPackets().catch((error: unknown) => error);
  expect(result).toMatchObject(
    result instanceof Error ? { code: "FAULT_UNSUPPORTED" } : { nodes: ["node-3"] },
  );
});

test("slows commands down", { timeout: 60_000 }, async ({ cluster }) => {
  const { client } = await cluster.primaryOf("order:42");
  // #region slow-commands
  await cluster.slowCommands({ primaryOf: "order:42" }, 200); // each answer is up to 200 ms late
  // #endregion
  const startedAt = performance.now();
  for (let round = 0; round < 4; round += 1) await client.ping();
  expect(performance.now() - startedAt).toBeGreaterThan(150);
});

test("loses an acknowledged write", { timeout: 60_000 }, async ({ cluster }) => {
  // #region lose-a-write
  const primary = await cluster.primaryOf("order:42");
  await primary.client.set("order:42", "paid");
  expect(await primary.client.wait(1, 5_000)).toBe(1); // the replica has this write

  await cluster.freezeReplication({ replicaOf: "order:42" });
  expect(await primary.client.set("order:42", "shipped")).toBe("OK"); // only the primary has this write
  await cluster.killPrimary("order:42");

  const promoted = await cluster.primaryOf("order:42");
  expect(await promoted.client.get("order:42")).toBe("paid"); // "shipped" was acknowledged and is lost
  // #endregion
});

test("fails over without a fault", { timeout: 60_000 }, async ({ cluster }) => {
  // #region manual-failover
  const [replica] = await cluster.replicasOf("order:42");
  await cluster.failover({ replicaOf: "order:42" });

  expect((await cluster.primaryOf("order:42")).name).toBe(replica?.name);
  // #endregion
});

test("chooses nodes at random, and the same ones again", { timeout: 60_000 }, async ({ cluster }) => {
  // #region random-nodes
  const fault = await cluster.pause({ random: 2, role: "replica" });
  console.log(fault.description); // the nodes, and the seed with which they were chosen
  await fault.heal();

  const again = await cluster.select({ random: 2, role: "replica", seed: fault.seed });
  expect(again.map(({ name }) => name)).toEqual(fault.nodes);
  // #endregion
});

test("reverts faults", { timeout: 60_000 }, async ({ cluster }) => {
  // #region heal
  {
    await using fault = await cluster.pause("node-3");
    expect(cluster.activeFaults).toEqual([fault]);
  } // reverts the fault

  await cluster.pause("node-3");
  await cluster.shutdown("node-4");
  await cluster.heal(); // reverts all active faults, the newest first
  expect(cluster.activeFaults).toEqual([]);
  // #endregion
});
