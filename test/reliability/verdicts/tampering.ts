import type { ClusterWorkloadOptions, RedisClusterNode, WriteKind } from "testcontainers-redis-cluster";
import {
  between,
  compare,
  endWriters,
  keysOf,
  moreWrites,
  oneOf,
  type Outcome,
  type ScenarioKind,
  type Setting,
  workloadOptions,
} from "./scenario.ts";

// Faults that are seeded into the data of the servers, between the last write and the read-back. On an undisturbed cluster every
// write is acknowledged, so the ledger must report every change of the values on the servers.

/** A key and the node that owns it. */
interface KeyLocation {
  readonly key: string;
  readonly node: RedisClusterNode;
}

/** A finished workload, and the key into which a fault is seeded. */
interface FinishedWorkload extends Setting {
  readonly location: KeyLocation;
  /** All keys of the workload of this kind. */
  readonly locations: readonly KeyLocation[];
  /** The value of each register in the middle of the run. */
  readonly earlier: ReadonlyMap<string, string>;
  /** Pads a token in the way in which the workload pads its values. */
  readonly pad: (token: string) => string;
}

/** Seeds a fault. Returns the expected findings, or undefined if the data do not allow this fault. */
type Seed = (workload: FinishedWorkload) => Promise<readonly string[] | undefined>;

/** Returns the token of a padded value. */
function token(value: string): string {
  return value.replace(/\.+$/, "");
}

/** Returns the token of the write that created a key of the kind `set`. */
function ownToken(key: string): string {
  return key.slice(key.lastIndexOf(":") + 1);
}

/** Returns the tokens of all values of the key, sorted. */
async function tokensOf(
  { location: { key, node } }: FinishedWorkload,
  kind: "append" | "member",
): Promise<readonly string[]> {
  const values = kind === "append" ? await node.client.lrange(key, 0, -1) : await node.client.smembers(key);
  return values.toSorted().map(token);
}

function allLost(kind: WriteKind, key: string, values: readonly (string | number)[]): readonly string[] {
  return values.map((value) => `lost ${kind} ${key} ${value}`);
}

/** Returns the integers from the first to the last, both included. */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

const SEEDS: readonly { readonly name: string; readonly kind: WriteKind; readonly seed: Seed }[] = [
  {
    name: "set removed",
    kind: "set",
    seed: async ({ location: { key, node } }) => {
      await node.client.del(key);
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "set expired",
    kind: "set",
    seed: async ({ location: { key, node } }) => {
      await node.client.pexpireat(key, 1);
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "set holds the value of another write",
    kind: "set",
    seed: async ({ location: { key, node }, locations, random, pad }) => {
      const other = oneOf(random, locations).key;
      if (other === key) return undefined;
      const value = pad(ownToken(other));
      await node.client.set(key, value);
      return [...allLost("set", key, [ownToken(key)]), `never-sent set ${key} ${value}`];
    },
  },
  {
    name: "set replaced by another type",
    kind: "set",
    seed: async ({ location: { key, node }, pad }) => {
      await node.client.del(key);
      await node.client.rpush(key, pad(ownToken(key)));
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "append removed",
    kind: "append",
    seed: async (workload) => {
      const { key, node } = workload.location;
      const lost = oneOf(workload.random, await tokensOf(workload, "append"));
      await node.client.lrem(key, 0, workload.pad(lost));
      return allLost("append", key, [lost]);
    },
  },
  {
    name: "append duplicated",
    kind: "append",
    seed: async (workload) => {
      const { key, node } = workload.location;
      const duplicated = oneOf(workload.random, await tokensOf(workload, "append"));
      const surplus = between(workload.random, 1, 3);
      for (let copy = 0; copy < surplus; copy += 1) await node.client.rpush(key, workload.pad(duplicated));
      return [`duplicated append ${key} ${duplicated} by ${surplus}`];
    },
  },
  {
    name: "append rolled back",
    kind: "append",
    seed: async ({ location: { key, node }, random }) => {
      const length = await node.client.llen(key);
      const lost = (await node.client.rpop(key, between(random, 1, length))) ?? [];
      return allLost("append", key, lost.map(token));
    },
  },
  {
    name: "append list removed",
    kind: "append",
    seed: async (workload) => {
      const lost = await tokensOf(workload, "append");
      await workload.location.node.client.del(workload.location.key);
      return allLost("append", workload.location.key, lost);
    },
  },
  {
    name: "append invented",
    kind: "append",
    seed: async (workload) => {
      const { key, node } = workload.location;
      const [some = ""] = await tokensOf(workload, "append");
      const invented = `${some.split("-")[0]}-999999`;
      await node.client.rpush(key, workload.pad(invented));
      return [`never-sent append ${key} ${invented}`];
    },
  },
  {
    name: "append replaced by another type",
    kind: "append",
    seed: async (workload) => {
      const { key, node } = workload.location;
      const lost = await tokensOf(workload, "append");
      await node.client.set(key, "text");
      return [...allLost("append", key, lost), `never-sent append ${key} a value of another type`];
    },
  },
  {
    name: "member removed",
    kind: "member",
    seed: async (workload) => {
      const { key, node } = workload.location;
      const lost = oneOf(workload.random, await tokensOf(workload, "member"));
      await node.client.srem(key, workload.pad(lost));
      return allLost("member", key, [lost]);
    },
  },
  {
    name: "member set removed",
    kind: "member",
    seed: async (workload) => {
      const lost = await tokensOf(workload, "member");
      await workload.location.node.client.del(workload.location.key);
      return allLost("member", workload.location.key, lost);
    },
  },
  {
    name: "member invented",
    kind: "member",
    seed: async ({ location: { key, node } }) => {
      await node.client.sadd(key, "foreign value");
      return [`never-sent member ${key} foreign value`];
    },
  },
  {
    name: "counter rolled back",
    kind: "counter",
    seed: async ({ location: { key, node }, random }) => {
      const count = Number(await node.client.get(key));
      const decrement = between(random, 1, count);
      await node.client.decrby(key, decrement);
      return allLost("counter", key, range(count - decrement + 1, count));
    },
  },
  {
    name: "counter rolled back below zero",
    kind: "counter",
    seed: async ({ location: { key, node } }) => {
      const count = Number(await node.client.get(key));
      await node.client.decrby(key, count + 3);
      return allLost("counter", key, range(1, count));
    },
  },
  {
    name: "counter incremented again",
    kind: "counter",
    seed: async ({ location: { key, node }, random }) => {
      const surplus = oneOf(random, [1, 2, 2 ** 33]);
      const count = await node.client.incrby(key, surplus);
      return [`duplicated counter ${key} ${count} by ${surplus}`];
    },
  },
  {
    name: "counter removed",
    kind: "counter",
    seed: async ({ location: { key, node } }) => {
      const count = Number(await node.client.get(key));
      await node.client.del(key);
      return allLost("counter", key, range(1, count));
    },
  },
  {
    name: "counter replaced by text",
    kind: "counter",
    seed: async ({ location: { key, node }, random }) => {
      const count = Number(await node.client.get(key));
      const text = oneOf(random, ["text", "", "1e3", "0x10", "1.5"]);
      await node.client.set(key, text);
      return [...allLost("counter", key, range(1, count)), `never-sent counter ${key} ${text}`];
    },
  },
  {
    name: "register removed",
    kind: "register",
    seed: async ({ location: { key, node } }) => {
      const newest = token((await node.client.get(key)) ?? "");
      await node.client.del(key);
      return allLost("register", key, [newest]);
    },
  },
  {
    name: "register rolled back",
    kind: "register",
    seed: async ({ location: { key, node }, earlier }) => {
      const newest = token((await node.client.get(key)) ?? "");
      const older = earlier.get(key);
      if (older === undefined || token(older) === newest) return undefined;
      await node.client.set(key, older);
      return [...allLost("register", key, [newest]), `stale register ${key} ${newest} found ${token(older)}`];
    },
  },
  {
    name: "register holds the value of another register",
    kind: "register",
    seed: async ({ location: { key, node }, locations, random }) => {
      const other = oneOf(random, locations);
      const value = await other.node.client.get(other.key);
      if (other.key === key || value === null) return undefined;
      const newest = token((await node.client.get(key)) ?? "");
      await node.client.set(key, value);
      // The ledger reports the whole value of another writer, but the token of the same writer.
      const sameWriter = value.split("-")[0] === newest.split("-")[0];
      return [
        ...allLost("register", key, [newest]),
        `never-sent register ${key} ${sameWriter ? token(value) : value}`,
      ];
    },
  },
];

/** Runs a workload, ends its writers, seeds the fault, and compares the ledger with the expected findings. */
async function tamper(setting: Setting, kind: WriteKind, seed: Seed): Promise<Outcome | undefined> {
  const { cluster, random } = setting;
  const options: ClusterWorkloadOptions = {
    ...workloadOptions(random),
    kinds: oneOf(random, [[kind], [kind], ALL_KINDS]),
  };
  await using workload = await cluster.startWorkload(options);
  await moreWrites(workload, between(random, 50, 200));
  const earlier = new Map<string, string>();
  if (kind === "register") {
    for (const { key, node } of await keysOf(cluster, workload.keyPrefix, kind))
      earlier.set(key, (await node.client.get(key)) ?? "");
  }
  await moreWrites(workload, between(random, 50, 200));
  await endWriters(workload);
  const { attempts, acknowledged } = workload.progress;
  const locations = await keysOf(cluster, workload.keyPrefix, kind);
  if (locations.length === 0 || attempts !== acknowledged) return undefined;
  const location = oneOf(random, locations);
  const pad = (text: string): string => text.padEnd(options.valueBytes ?? 32, ".");
  const expected = await seed({ ...setting, location, locations, earlier, pad });
  if (expected === undefined) return undefined;
  const ledger = await workload.stop();
  // A write that was still in progress would have come after the fault.
  if (ledger.attempts !== attempts) return undefined;
  return { what: expected.join("; "), wrong: compare(ledger, expected) };
}

const ALL_KINDS: readonly WriteKind[] = ["set", "append", "counter", "member", "register"];

/** Runs two workloads with the same prefix and seed. Writes of the first workload must not hide a loss of the second. */
async function loseSetOfSecondWorkload({ cluster, random }: Setting): Promise<Outcome | undefined> {
  const options = { ...workloadOptions(random), kinds: ["set"] as const, keyPrefix: "twins" };
  await using first = await cluster.startWorkload(options);
  await moreWrites(first, 300);
  const firstResult = compare(await first.stop(), []);
  await using second = await cluster.startWorkload(options);
  await moreWrites(second, 100);
  await endWriters(second);
  const { attempts } = second.progress;
  const { key, node } = oneOf(random, await keysOf(cluster, second.keyPrefix, "set"));
  await node.client.del(key);
  const ledger = await second.stop();
  if (ledger.attempts !== attempts) return undefined;
  return {
    what: `lost ${key}`,
    wrong: [...firstResult, ...compare(ledger, allLost("set", key, [ownToken(key)]))],
  };
}

/** Empties a shard, so that all its acknowledged writes are lost. */
async function emptyShard({ cluster, random }: Setting): Promise<Outcome | undefined> {
  await using workload = await cluster.startWorkload({
    ...workloadOptions(random),
    kinds: ["set", "append", "member"],
  });
  await moreWrites(workload, between(random, 50, 300));
  await endWriters(workload);
  const { attempts } = workload.progress;
  const node: RedisClusterNode = oneOf(random, await cluster.primaries());
  await node.client.flushall();
  const ledger = await workload.stop();
  if (ledger.attempts !== attempts) return undefined;
  const { plannedShard } = node;
  const acknowledged = ledger.shards[plannedShard]?.acknowledged ?? 0;
  const lost = ledger.lost.filter(({ shard }) => shard === plannedShard).length;
  const wrong =
    lost === acknowledged
      ? []
      : [`not reported: ${acknowledged - lost} of ${acknowledged} writes of shard ${plannedShard}`];
  const surplus = ledger.lost.length - lost + ledger.duplicated.length + ledger.stale.length;
  return {
    what: `shard ${plannedShard} emptied`,
    wrong: surplus === 0 ? wrong : [...wrong, `${surplus} false alarms`],
  };
}

/** The kinds of faults that are seeded into the data. */
export const TAMPERING: readonly ScenarioKind[] = [
  ...SEEDS.map(({ name, kind, seed }) => ({
    name,
    weight: 2,
    run: (setting: Setting) => tamper(setting, kind, seed),
  })),
  { name: "loss that another workload's keys could hide", weight: 2, run: loseSetOfSecondWorkload },
  { name: "shard emptied", weight: 1, run: emptyShard },
];
