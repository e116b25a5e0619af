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

// A story in a terminal: a cluster comes up, takes orders, loses a master, recovers, and disappears.

const ORDERS = 3_000;
const KEY = "order:42";

const say = (text: string): void => console.log(text);
const chapter = (text: string): void => say(`\n${styleText("bold", text)}`);
const good = (text: string): string => styleText("green", text);
const bad = (text: string): string => styleText("red", text);
const dim = (text: string): string => styleText("dim", text);
const ms = (value: number): string => `${Math.round(value)} ms`;

const cluster = await start();
try {
  showStart(cluster);
  await showNodes(cluster);
  await takeOrders(cluster);
  await loseMaster(cluster);
} finally {
  await disappear(cluster);
}

/** The network of the common hand-made recipe, or a free one where something already has that range or its ports. */
async function start(): Promise<StartedRedisCluster> {
  chapter("Six nodes, one network, one call");
  say(
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
    const taken = error instanceof RedisClusterError && /^(SUBNET|PORT)_TAKEN$/.test(error.code);
    if (!taken) throw error;
    say(dim(`  ${error.message.split("\n")[0]}`));
    say(dim("  So a free range and free ports it is."));
    return await startRedisCluster({ nodes: 6, replicas: 1 });
  }
}

function showStart({ startup, network }: StartedRedisCluster): void {
  const way = startup.way === "placeholder" ? "the fast way" : `by MEET, because ${startup.fellBackBecause}`;
  const phases: readonly (readonly [string, number, string])[] = [
    ["engine and image", startup.prepareMs, "found, nothing to pull"],
    ["network", startup.networkMs, `${network.subnet}, gateway ${network.gateway}`],
    ["containers", startup.containersMs, "one a node, each with a fixed address"],
    ["formation", startup.formationMs, `${way}; every node's view compared, every shard written`],
    ["client", startup.clientsMs, "ioredis, connected"],
  ];
  for (const [name, took, note] of phases) say(`  ${name.padEnd(17)}${ms(took).padStart(8)}  ${dim(note)}`);
  say(`  ${"ready".padEnd(17)}${good(ms(startup.totalMs).padStart(8))}`);
}

async function showNodes(running: StartedRedisCluster): Promise<void> {
  const { members } = await running.view();
  const nameOf = new Map(members.map(({ id, name }) => [id, name]));
  const table = new Table({
    head: ["node", "role", "slots", "in its network", "from here"],
    style: { head: [], border: [] },
  });
  for (const node of running.nodes) {
    const entry = members.find(({ id }) => id === node.id)?.entry;
    const slots = entry?.slots.map(({ first, last }) => `${first}–${last}`).join(" ");
    const follows = entry?.primaryId === undefined ? "" : `of ${nameOf.get(entry.primaryId) ?? "?"}`;
    table.push([
      node.name,
      entry?.role ?? "?",
      slots || follows,
      `${node.networkAddress.host}:${node.networkAddress.port}`,
      `${node.mappedAddress.host}:${node.mappedAddress.port}`,
    ]);
  }
  say(table.toString());
}

async function takeOrders({ client }: StartedRedisCluster): Promise<void> {
  chapter("Orders");
  const keys = Array.from({ length: ORDERS }, (_, index) => `order:${index}`);
  const begun = performance.now();
  await Promise.all(keys.map((key) => client.set(key, "paid")));
  const values = await Promise.all(keys.map((key) => client.get(key)));
  const right = values.filter((value) => value === "paid").length;
  say(`  ${ORDERS} orders written and ${right} read back in ${ms(performance.now() - begun)}`);
}

async function loseMaster(running: StartedRedisCluster): Promise<void> {
  const master = await running.primaryOf(KEY);
  chapter(`A master dies: ${master.name}, which serves ${KEY}`);
  const workload = await running.startWorkload({ writers: 8, ratePerSecond: 2_000, keyPrefix: "orders" });
  const failover = await running.observeFailover(() => running.killMaster(KEY), { withinMs: 30_000 });
  say(`  ${bad("✗")} ${master.name} killed, ${dim("while writes go on; milliseconds since then:")}`);
  for (const line of formatFailover(failover).split("\n")) say(`  ${line}`);
  const promoted = running.node(failover.promoted.name);
  await workload.waitForAcknowledged(failover.shard, Date.now(), { timeoutMs: 30_000 });
  showLedger(await workload.stop(), failover.shard);

  chapter(`${master.name} comes back`);
  const restarted = performance.now();
  await running.heal();
  say(`  ${good("✓")} in the cluster again and in sync ${ms(performance.now() - restarted)} after its start`);
  await showRoles(running, [promoted, master]);
  const { ok, problems } = await running.check();
  say(ok ? `  ${good("✓")} every node agrees with every other` : `  ${bad("✗")} ${problems.join("; ")}`);
}

/** What the writers, who went on all the while, have to say. */
function showLedger(
  { acknowledged, failed, unknown, lost, duplicated, shards }: Ledger,
  shard: number,
): void {
  const clean = lost.length === 0;
  say(
    `  ${clean ? good("✓") : bad("✗")} of ${acknowledged} acknowledged writes ${lost.length} are lost and ${duplicated.length} were done twice ${dim(`(${failed} refused, ${unknown} without an answer)`)}`,
  );
  for (const { shard: index, unavailableMs } of shards) {
    const gap = unavailableMs > 0 ? `took no writes for ${ms(unavailableMs)}` : "noticed nothing";
    say(`    shard ${index} ${index === shard ? gap : dim(gap)}`);
  }
}

async function showRoles(running: StartedRedisCluster, nodes: readonly RedisClusterNode[]): Promise<void> {
  const primaries = new Set((await running.primaries()).map(({ name }) => name));
  for (const { name } of nodes) say(`    ${name} is now a ${primaries.has(name) ? "primary" : "replica"}`);
}

async function disappear(running: StartedRedisCluster): Promise<void> {
  chapter("Gone without a trace");
  const begun = performance.now();
  await running.stop();
  const left = await leftovers(running);
  say(
    `  stopped in ${ms(performance.now() - begun)}: ${left.length === 0 ? good("no container and no network left") : bad(left.join(", "))}\n`,
  );
  if (left.length > 0) process.exitCode = 1;
}
