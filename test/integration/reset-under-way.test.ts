import {
  type RedisClusterError,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { docker } from "../support/engine.ts";
import { LateClient, readRunId } from "../support/late-client.ts";

// What an abandoned test still has under way must not reach the next one.

const KEY_OF_NODE_1 = "key:1";

let cluster: StartedRedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster({ nodes: 3, replicas: 0, nodeTimeoutMs: 10_000 });
});
afterAll(async () => {
  await cluster.stop();
});

/** How a call ends, so that nothing is unhandled while something else is awaited. */
async function endOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => "resolved",
    (error: RedisClusterError) => `${error.code}: ${error.message}`,
  );
}

test("a reset ends an observation, which writes to every shard, and cleans the cluster", async () => {
  const acting = Promise.withResolvers<void>();
  const observing = endOf(cluster.observeFailover(async () => acting.resolve(), { withinMs: 60_000 }));
  await acting.promise;
  expect(await cluster.reset()).toMatchObject({ way: "cleaned" });
  expect(await observing).toMatch(/^WAIT_ABORTED: A reset\(\) of the cluster ended this call/);
});

test("a reset ends calls that wait, and faults that are on their way", async () => {
  await cluster.pause("node-1");
  const waiting = endOf(cluster.waitUntilHealthy({ timeoutMs: 60_000 }));
  const connecting = endOf(cluster.connect({ scaleReads: "slave" }, { timeoutMs: 60_000 }));
  // Waits for a primary of the key, and would kill it after the reset.
  await cluster.nodes[0]?.client.config("SET", "cluster-require-full-coverage", "no");
  const killing = endOf(cluster.killMaster(KEY_OF_NODE_1, { timeoutMs: 60_000 }));
  const workload = endOf(cluster.startWorkload({ writers: 2 }, { timeoutMs: 60_000 }));
  await cluster.reset();
  for (const end of [await waiting, await connecting, await killing, await workload]) {
    expect(end).toMatch(/resolved|^WAIT_ABORTED: .*A reset\(\) of the cluster ended this call/);
  }
  expect(await waiting).toMatch(/^WAIT_ABORTED: Waiting for a healthy cluster: A reset/);
  expect(await killing).toMatch(/^WAIT_ABORTED/);
  expect(cluster.activeFaults).toEqual([]);
  expect(await cluster.check()).toMatchObject({ ok: true });
  const sizes = await Promise.all(cluster.nodes.map(({ client }) => client.dbsize()));
  expect(sizes).toEqual([0, 0, 0]);
});

test("a reset deletes reports of failures, which would count in the decisions of the next test", async () => {
  const [first, second, third] = cluster.nodes;
  const reports = async (): Promise<number> =>
    Number(await third?.client.call("CLUSTER", "COUNT-FAILURE-REPORTS", second?.id ?? ""));
  const fault = await cluster.pause("node-1");
  // Only this node suspects another one so soon, so there is no majority for declaring it dead.
  await first?.client.config("SET", "cluster-node-timeout", "200");
  await vi.waitFor(async () => expect(await reports()).toBe(1), { timeout: 8_000, interval: 20 });
  // The suspicion ends with the pause, but its report is still believed for two node timeouts.
  await fault.heal();
  await cluster.waitUntilHealthy();
  expect(await cluster.reset()).toMatchObject({ way: "cleaned" });
  expect(await reports()).toBe(0);
});

test("a reset that ends too early says what it has found", async () => {
  await cluster.kill(cluster.nodes.map(String));
  const aborter = new AbortController();
  const resetting = endOf(cluster.reset({ signal: aborter.signal }));
  const engine = await docker();
  const runs = async (): Promise<boolean> => {
    const containers = cluster.nodes.map(({ containerId }) => engine.getContainer(containerId).inspect());
    return (await Promise.all(containers)).some(({ State }) => State.Running);
  };
  // The nodes that it starts still have to form the cluster again.
  await expect.poll(runs, { timeout: 20_000, interval: 1 }).toBe(true);
  aborter.abort();
  expect(await resetting).toMatch(
    /^WAIT_ABORTED: Resetting the cluster: aborted by the caller's signal\. Still: node-0 does not answer: its container is/,
  );
  expect(await cluster.reset()).toMatchObject({ way: "rebuilt" });
});

test("a reset that is joined by a second one ends neither", async () => {
  const [first, second] = await Promise.all([cluster.reset(), cluster.reset()]);
  expect(second).toBe(first);
});

test("a reset replaces a process that a client tells something lasting while it runs", async () => {
  const [node] = cluster.nodes;
  for (;;) {
    using client = await LateClient.connect(node as RedisClusterNode, [["CONFIG", "REWRITE"]], 1);
    const { way } = await cluster.reset();
    await client.end();
    const action = client.actions.find(({ isBeforeVerification }) => isBeforeVerification);
    // Whether the client is so quick is chance. What comes after the proof is for the next reset.
    if (action === undefined) continue;
    expect(way).not.toBe("cleaned");
    expect(await readRunId(node as RedisClusterNode)).not.toBe(action.runId);
    break;
  }
});
