import { styleText } from "node:util";
import Table from "cli-table3";
import {
  formatFailover,
  type Ledger,
  RedisClusterError,
  type RedisClusterNode,
  type StartedRedisCluster,
  startRedisCluster,
} from "testcontainers-redis-cluster";
import { leftovers } from "./leftovers.ts";

// A demonstration for the terminal: starts a cluster, writes orders, kills a primary, waits for recovery, and removes everything.

const ORDERS = 3_000;
const KEY = "order:42";

const print = (text: string): void => console.log(text);
const printHeading = (text: string): void => print(`\n${styleText("bold", text)}`);
const green = (text: string): string => styleText("green", text);
const red = (text: string): string => styleText("red", text);
const dim = (text: string): string => styleText("dim", text);
const ms = (value: number): string => `${Math.round(value)} ms`;

const cluster = await start();
try {
  showStart(cluster);
  await showNodes(cluster);
  await writeOrders(cluster);
  await failOver(cluster);
} finally {
  await removeCluster(cluster);
}

/** Starts the cluster in the network of a common manual setup, or in a free network if the subnet or ports are in use. */
async function start(): Promise<StartedRedisCluster> {
  printHeading("Six nodes, one network, one call");
  print(
    dim(
      '  startRedisCluster({ nodes: 6, replicas: 1, subnet: "172.28.0.0/16", firstAddress: "172.28.0.11", … })',
    ),
  );
  try {
    return await startRedisCluster({
      nodes: 6,
      replicas: 1,
      subnet: "172.28.0.0/16",
      firstAddress: "172.28.0.11",
      firstHostPort: 6371,
    });
  } catch (error) {
    const isInUse = error instanceof RedisClusterError && /^(SUBNET|PORT)_TAKEN$/.test(error.code);
    if (!isInUse) throw error;
    print(dim(`  ${error.message.split("\n")[0]}`));
    print(dim("  Starting with a free subnet and free ports instead."));
    return await startRedisCluster({ nodes: 6, replicas: 1 });
  }
}

function showStart({ startup, network }: StartedRedisCluster): void {
  const method =
    startup.strategy === "placeholder"
      ? "preconfigured nodes"
      : `with CLUSTER MEET, because ${startup.fallbackReason}`;
  const phases: readonly (readonly [string, number, string])[] = [
    ["engine and image", startup.prepareMs, "found, no pull needed"],
    ["network", startup.networkMs, `${network.subnet}, gateway ${network.gateway}`],
    ["containers", startup.containersMs, "one per node, with fixed addresses"],
    ["formation", startup.formationMs, `${method}, all views compared, every shard written`],
    ["client", startup.clientsMs, "ioredis, connected"],
  ];
  for (const [name, durationMs, note] of phases)
    print(`  ${name.padEnd(17)}${ms(durationMs).padStart(8)}  ${dim(note)}`);
  print(`  ${"ready".padEnd(17)}${green(ms(startup.totalMs).padStart(8))}`);
}

async function showNodes(running: StartedRedisCluster): Promise<void> {
  const { members } = await running.view();
  const nameOf = new Map(members.map(({ id, name }) => [id, name]));
  const table = new Table({
    head: ["node", "role", "slots", "network address", "address from this host"],
    style: { head: [], border: [] },
  });
  for (const node of running.nodes) {
    const entry = members.find(({ id }) => id === node.id)?.entry;
    const slots = entry?.slots.map(({ first, last }) => `${first}–${last}`).join(" ");
    const replicates = entry?.primaryId === undefined ? "" : `of ${nameOf.get(entry.primaryId) ?? "?"}`;
    table.push([
      node.name,
      entry?.role ?? "?",
      slots || replicates,
      `${node.networkAddress.host}:${node.networkAddress.port}`,
      `${node.mappedAddress.host}:${node.mappedAddress.port}`,
    ]);
  }
  print(table.toString());
}

async function writeOrders({ client }: StartedRedisCluster): Promise<void> {
  printHeading("Orders");
  const keys = Array.from({ length: ORDERS }, (_, index) => `order:${index}`);
  const startedAt = performance.now();
  await Promise.all(keys.map((key) => client.set(key, "paid")));
  const values = await Promise.all(keys.map((key) => client.get(key)));
  const correct = values.filter((value) => value === "paid").length;
  print(`  ${ORDERS} orders written and ${correct} read back in ${ms(performance.now() - startedAt)}`);
}

async function failOver(running: StartedRedisCluster): Promise<void> {
  const failed = await running.primaryOf(KEY);
  printHeading(`A primary fails: ${failed.name}, which serves ${KEY}`);
  const workload = await running.startWorkload({ writers: 8, ratePerSecond: 2_000, keyPrefix: "orders" });
  const failover = await running.observeFailover(() => running.killPrimary(KEY), { withinMs: 30_000 });
  print(`  ${red("✗")} ${failed.name} killed, ${dim("while writes continue. Milliseconds since the kill:")}`);
  for (const line of formatFailover(failover).split("\n")) print(`  ${line}`);
  const promoted = running.node(failover.promoted.name);
  await workload.waitForAcknowledged(failover.shard, Date.now(), { timeoutMs: 30_000 });
  showLedger(await workload.stop(), failover.shard);

  printHeading(`${failed.name} restarts`);
  const restartedAt = performance.now();
  await running.heal();
  print(
    `  ${green("✓")} rejoined the cluster and in sync ${ms(performance.now() - restartedAt)} after its restart`,
  );
  await showRoles(running, [promoted, failed]);
  const { ok, problems } = await running.check();
  print(ok ? `  ${green("✓")} all nodes agree` : `  ${red("✗")} ${problems.join("; ")}`);
}

/** Prints the results of the writers, which continued during the failover. */
function showLedger(
  { acknowledged, failed, unknown, lost, duplicated, shards }: Ledger,
  shard: number,
): void {
  const isClean = lost.length === 0;
  print(
    `  ${isClean ? green("✓") : red("✗")} ${acknowledged} acknowledged writes, ${lost.length} lost, ${duplicated.length} duplicated ${dim(`(${failed} rejected, ${unknown} without an answer)`)}`,
  );
  for (const { shard: index, unavailableMs } of shards) {
    const gap = unavailableMs > 0 ? `accepted no writes for ${ms(unavailableMs)}` : "was not affected";
    print(`    shard ${index} ${index === shard ? gap : dim(gap)}`);
  }
}

async function showRoles(running: StartedRedisCluster, nodes: readonly RedisClusterNode[]): Promise<void> {
  const primaries = new Set((await running.primaries()).map(({ name }) => name));
  for (const { name } of nodes) print(`    ${name} is now a ${primaries.has(name) ? "primary" : "replica"}`);
}

async function removeCluster(running: StartedRedisCluster): Promise<void> {
  printHeading("Removed without a trace");
  const startedAt = performance.now();
  await running.stop();
  const left = await leftovers(running);
  print(
    `  stopped in ${ms(performance.now() - startedAt)}: ${left.length === 0 ? green("no containers or networks left") : red(left.join(", "))}\n`,
  );
  if (left.length > 0) process.exitCode = 1;
}
