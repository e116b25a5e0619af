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

// Faults that are seeded into what the servers hold, between the last write and the read-back. On a cluster that nobody
// disturbs every write is acknowledged, so the values on the servers are what the ledger has to defend.

/** The key that a fault is seeded into, and where it is served. */
interface Place {
  readonly key: string;
  readonly node: RedisClusterNode;
}

interface Written extends Setting {
  readonly place: Place;
  /** All keys of the workload and kind. */
  readonly places: readonly Place[];
  /** What each register held in the middle of the run. */
  readonly earlier: ReadonlyMap<string, string>;
  /** Pads a token as the workload pads its values. */
  readonly pad: (token: string) => string;
}

/** Seeds a fault. Returns the findings that it has to make; undefined if there was nothing to seed it into. */
type Seed = (written: Written) => Promise<readonly string[] | undefined>;

function token(value: string): string {
  return value.replace(/\.+$/, "");
}

/** The token of the write that a key of kind `set` was made by. */
function ownToken(key: string): string {
  return key.slice(key.lastIndexOf(":") + 1);
}

async function tokensOf(
  { place: { key, node } }: Written,
  kind: "append" | "member",
): Promise<readonly string[]> {
  const values = kind === "append" ? await node.client.lrange(key, 0, -1) : await node.client.smembers(key);
  return values.toSorted().map(token);
}

function allLost(kind: WriteKind, key: string, values: readonly (string | number)[]): readonly string[] {
  return values.map((value) => `lost ${kind} ${key} ${value}`);
}

/** The numbers from the first to the last. */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

const SEEDS: readonly { readonly name: string; readonly kind: WriteKind; readonly seed: Seed }[] = [
  {
    name: "set removed",
    kind: "set",
    seed: async ({ place: { key, node } }) => {
      await node.client.del(key);
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "set expired",
    kind: "set",
    seed: async ({ place: { key, node } }) => {
      await node.client.pexpireat(key, 1);
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "set holds the value of another write",
    kind: "set",
    seed: async ({ place: { key, node }, places, random, pad }) => {
      const other = oneOf(random, places).key;
      if (other === key) return undefined;
      const value = pad(ownToken(other));
      await node.client.set(key, value);
      return [...allLost("set", key, [ownToken(key)]), `never-sent set ${key} ${value}`];
    },
  },
  {
    name: "set replaced by another type",
    kind: "set",
    seed: async ({ place: { key, node }, pad }) => {
      await node.client.del(key);
      await node.client.rpush(key, pad(ownToken(key)));
      return allLost("set", key, [ownToken(key)]);
    },
  },
  {
    name: "append removed",
    kind: "append",
    seed: async (written) => {
      const { key, node } = written.place;
      const gone = oneOf(written.random, await tokensOf(written, "append"));
      await node.client.lrem(key, 0, written.pad(gone));
      return allLost("append", key, [gone]);
    },
  },
  {
    name: "append duplicated",
    kind: "append",
    seed: async (written) => {
      const { key, node } = written.place;
      const twice = oneOf(written.random, await tokensOf(written, "append"));
      const surplus = between(written.random, 1, 3);
      for (let copy = 0; copy < surplus; copy += 1) await node.client.rpush(key, written.pad(twice));
      return [`duplicated append ${key} ${twice} by ${surplus}`];
    },
  },
  {
    name: "append rolled back",
    kind: "append",
    seed: async ({ place: { key, node }, random }) => {
      const length = await node.client.llen(key);
      const gone = (await node.client.rpop(key, between(random, 1, length))) ?? [];
      return allLost("append", key, gone.map(token));
    },
  },
  {
    name: "append list removed",
    kind: "append",
    seed: async (written) => {
      const gone = await tokensOf(written, "append");
      await written.place.node.client.del(written.place.key);
      return allLost("append", written.place.key, gone);
    },
  },
  {
    name: "append invented",
    kind: "append",
    seed: async (written) => {
      const { key, node } = written.place;
      const [some = ""] = await tokensOf(written, "append");
      const invented = `${some.split("-")[0]}-999999`;
      await node.client.rpush(key, written.pad(invented));
      return [`never-sent append ${key} ${invented}`];
    },
  },
  {
    name: "append replaced by another type",
    kind: "append",
    seed: async (written) => {
      const { key, node } = written.place;
      const gone = await tokensOf(written, "append");
      await node.client.set(key, "text");
      return [...allLost("append", key, gone), `never-sent append ${key} a value of another type`];
    },
  },
  {
    name: "member removed",
    kind: "member",
    seed: async (written) => {
      const { key, node } = written.place;
      const gone = oneOf(written.random, await tokensOf(written, "member"));
      await node.client.srem(key, written.pad(gone));
      return allLost("member", key, [gone]);
    },
  },
  {
    name: "member set removed",
    kind: "member",
    seed: async (written) => {
      const gone = await tokensOf(written, "member");
      await written.place.node.client.del(written.place.key);
      return allLost("member", written.place.key, gone);
    },
  },
  {
    name: "member invented",
    kind: "member",
    seed: async ({ place: { key, node } }) => {
      await node.client.sadd(key, "somebody else's");
      return [`never-sent member ${key} somebody else's`];
    },
  },
  {
    name: "counter rolled back",
    kind: "counter",
    seed: async ({ place: { key, node }, random }) => {
      const count = Number(await node.client.get(key));
      const back = between(random, 1, count);
      await node.client.decrby(key, back);
      return allLost("counter", key, range(count - back + 1, count));
    },
  },
  {
    name: "counter rolled back below zero",
    kind: "counter",
    seed: async ({ place: { key, node } }) => {
      const count = Number(await node.client.get(key));
      await node.client.decrby(key, count + 3);
      return allLost("counter", key, range(1, count));
    },
  },
  {
    name: "counter incremented again",
    kind: "counter",
    seed: async ({ place: { key, node }, random }) => {
      const surplus = oneOf(random, [1, 2, 2 ** 33]);
      const count = await node.client.incrby(key, surplus);
      return [`duplicated counter ${key} ${count} by ${surplus}`];
    },
  },
  {
    name: "counter removed",
    kind: "counter",
    seed: async ({ place: { key, node } }) => {
      const count = Number(await node.client.get(key));
      await node.client.del(key);
      return allLost("counter", key, range(1, count));
    },
  },
  {
    name: "counter replaced by text",
    kind: "counter",
    seed: async ({ place: { key, node }, random }) => {
      const count = Number(await node.client.get(key));
      const text = oneOf(random, ["text", "", "1e3", "0x10", "1.5"]);
      await node.client.set(key, text);
      return [...allLost("counter", key, range(1, count)), `never-sent counter ${key} ${text}`];
    },
  },
  {
    name: "register removed",
    kind: "register",
    seed: async ({ place: { key, node } }) => {
      const newest = token((await node.client.get(key)) ?? "");
      await node.client.del(key);
      return allLost("register", key, [newest]);
    },
  },
  {
    name: "register rolled back",
    kind: "register",
    seed: async ({ place: { key, node }, earlier }) => {
      const newest = token((await node.client.get(key)) ?? "");
      const older = earlier.get(key);
      if (older === undefined || token(older) === newest) return undefined;
      await node.client.set(key, older);
      return [...allLost("register", key, [newest]), `stale register ${key} ${newest} found ${token(older)}`];
    },
  },
  {
    name: "register holds the value of another one",
    kind: "register",
    seed: async ({ place: { key, node }, places, random }) => {
      const other = oneOf(random, places);
      const value = await other.node.client.get(other.key);
      if (other.key === key || value === null) return undefined;
      const newest = token((await node.client.get(key)) ?? "");
      await node.client.set(key, value);
      // Of another writer it is foreign as it stands, of the same one as a token.
      const sameWriter = value.split("-")[0] === newest.split("-")[0];
      return [
        ...allLost("register", key, [newest]),
        `never-sent register ${key} ${sameWriter ? token(value) : value}`,
      ];
    },
  },
];

/** Runs a workload, ends its writers, seeds the fault and compares the ledger with it. */
async function tamper(setting: Setting, kind: WriteKind, seed: Seed): Promise<Outcome | undefined> {
  const { cluster, random } = setting;
  const options: ClusterWorkloadOptions = {
    ...workloadOptions(random),
    kinds: oneOf(random, [[kind], [kind], ALL]),
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
  const places = await keysOf(cluster, workload.keyPrefix, kind);
  if (places.length === 0 || attempts !== acknowledged) return undefined;
  const place = oneOf(random, places);
  const pad = (text: string): string => text.padEnd(options.valueBytes ?? 32, ".");
  const expected = await seed({ ...setting, place, places, earlier, pad });
  if (expected === undefined) return undefined;
  const ledger = await workload.stop();
  // A write that was still under way would have come after the fault.
  if (ledger.attempts !== attempts) return undefined;
  return { what: expected.join("; "), wrong: compare(ledger, expected) };
}

const ALL: readonly WriteKind[] = ["set", "append", "counter", "member", "register"];

/** One workload after another with the same prefix and seed: what the first has written must not hide a loss of the second. */
async function maskedByATwin({ cluster, random }: Setting): Promise<Outcome | undefined> {
  const options = { ...workloadOptions(random), kinds: ["set"] as const, keyPrefix: "twins" };
  await using first = await cluster.startWorkload(options);
  await moreWrites(first, 300);
  const clean = compare(await first.stop(), []);
  await using second = await cluster.startWorkload(options);
  await moreWrites(second, 100);
  await endWriters(second);
  const { attempts } = second.progress;
  const { key, node } = oneOf(random, await keysOf(cluster, second.keyPrefix, "set"));
  await node.client.del(key);
  const ledger = await second.stop();
  if (ledger.attempts !== attempts) return undefined;
  return { what: `lost ${key}`, wrong: [...clean, ...compare(ledger, allLost("set", key, [ownToken(key)]))] };
}

/** One shard is emptied: everything that it has acknowledged is gone. */
async function emptiedShard({ cluster, random }: Setting): Promise<Outcome | undefined> {
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
  const own = ledger.shards[plannedShard]?.acknowledged ?? 0;
  const lost = ledger.lost.filter(({ shard }) => shard === plannedShard).length;
  const wrong = lost === own ? [] : [`not reported: ${own - lost} of ${own} writes of shard ${plannedShard}`];
  const surplus = ledger.lost.length - lost + ledger.duplicated.length + ledger.stale.length;
  return {
    what: `shard ${plannedShard} emptied`,
    wrong: surplus === 0 ? wrong : [...wrong, `${surplus} false alarms`],
  };
}

/** Kinds of faults that are seeded into the data. */
export const TAMPERING: readonly ScenarioKind[] = [
  ...SEEDS.map(({ name, kind, seed }) => ({
    name,
    weight: 2,
    run: (setting: Setting) => tamper(setting, kind, seed),
  })),
  { name: "loss that another workload's keys could hide", weight: 2, run: maskedByATwin },
  { name: "shard emptied", weight: 1, run: emptiedShard },
];
