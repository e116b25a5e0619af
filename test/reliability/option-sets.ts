import fc from "fast-check";
import { InvalidOptionsError, RedisClusterError, startRedisCluster } from "testcontainers-redis-cluster";
import { docker, leftovers } from "../support/engine.ts";

// Options as somebody might get them wrong, one or many at a time: refused before anything is made, or a working cluster.

/** What became of the option sets. */
export interface OptionSetOutcomes {
  refused: number;
  started: number;
  /** Starts that failed as only the engine or the server can tell, and left nothing, by code. */
  readonly failed: Record<string, number>;
  /** Names of the options that were named as wrong, and how often. */
  readonly named: Record<string, number>;
}

const START_LIMIT_MS = 20_000;
/** What only the engine or the server can tell: a range or a port that is taken, a directive that it does not know. */
const ONLY_THEN: ReadonlySet<string> = new Set(["SUBNET_TAKEN", "PORT_TAKEN", "NODE_EXITED"]);

/** Values that are no number, no text and no list of anything that is wanted. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    "",
    "6",
    " ",
    -1,
    0,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e9,
    10n,
  ),
  fc.string({ maxLength: 20 }),
  fc.array(fc.nat(3), { maxLength: 2 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.nat(9), { maxKeys: 2 }),
  fc.constant(Symbol("junk")),
  fc.constant(() => 1),
);

function maybe(...good: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(fc.constantFrom(...good), junk);
}

const optionSets: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record(
    {
      nodes: maybe(1, 2, 3, 4),
      replicas: maybe(0, 1, [0, 0, 0], [1, 0]),
      subnet: maybe(
        "10.91.0.0/24",
        "10.91.0.0/29",
        "10.91.0.1/24",
        "10.91.0.0/30",
        "127.0.0.0/8",
        "10.91/16",
      ),
      gateway: maybe("10.91.0.1", "10.91.0.6", "10.92.0.1", "10.91.0.0"),
      firstAddress: maybe("10.91.0.2", "10.91.0.11", "10.91.0.254", "10.91.0.1"),
      config: fc.oneof(
        maybe({ maxmemory: "64mb" }, { save: ["900 1", "300 10"] }, { "no such": 1 }, { port: 1 }),
        fc.dictionary(fc.string({ maxLength: 8 }), junk, { maxKeys: 2 }),
      ),
      nodeTimeoutMs: maybe(500, 1_000),
      persistence: maybe("none", "aof", "rdb"),
      password: maybe("secret", true, "two words", "line\nbreak"),
      users: maybe({ app: { rules: "~* +@all" } }, { "a b": { rules: "~*" } }, { app: { rules: ">secret" } }),
      defaultUser: maybe(true, false),
      replicationUser: maybe("app"),
      tls: maybe(false, true, { names: "hosts" }, { names: "redis.example" }),
      labels: fc.oneof(
        maybe({ team: "cache" }),
        fc.dictionary(fc.string({ maxLength: 8 }), junk, { maxKeys: 2 }),
      ),
      memoryMb: maybe(64, 128),
      cpus: maybe(0.5, 1),
      pidsLimit: maybe(64, 512),
      publishOn: maybe("loopback", "all"),
      port: maybe(6379, 7000, 55_536, 65_536),
      busPort: maybe(16_379, 17_000),
      firstHostPort: maybe(45_371, 65_535),
      formation: maybe("auto"),
      startupTimeoutMs: maybe(30_000),
      timeScale: maybe(1, 1.5),
      // No text that is a path: a start that fails would write there.
      evidenceDir: fc.constantFrom<unknown>(undefined, "", "a\0b", 1, null, []),
      signal: maybe(undefined),
      configureNode: maybe(undefined),
      nodez: fc.constant(6),
    },
    { requiredKeys: [] },
  )
  // Fewer at a time than all: each wrong one is to be met beside right ones.
  .chain((all) => {
    const entries = Object.entries(all);
    const some = fc.subarray(entries, { maxLength: Math.min(5, entries.length) });
    return some.map((chosen) => Object.fromEntries(chosen));
  })
  // Small, so that what is right takes a second.
  .map((options) => ({ nodes: 3, replicas: 0, ...options }));

/** Tries so many option sets. Throws with the seed and the smallest set that does something else. */
export async function tryOptionSets(options: {
  readonly count: number;
  readonly seed: number;
  readonly onDone?: () => void;
}): Promise<OptionSetOutcomes> {
  const outcomes: OptionSetOutcomes = { refused: 0, started: 0, failed: {}, named: {} };
  const begun = Math.floor(Date.now() / 1_000) - 1;
  await fc.assert(
    fc.asyncProperty(optionSets, async (set) => {
      await tryOptionSet(set, outcomes);
      options.onDone?.();
    }),
    { seed: options.seed, numRuns: options.count },
  );
  const made = await networksMadeSince(begun);
  const notRefused = outcomes.started + Object.values(outcomes.failed).reduce((sum, each) => sum + each, 0);
  if (made > notRefused)
    throw new Error(`${made} networks were made for ${notRefused} sets that were not refused`);
  return outcomes;
}

async function tryOptionSet(
  set: Readonly<Record<string, unknown>>,
  outcomes: OptionSetOutcomes,
): Promise<void> {
  const signal = AbortSignal.timeout(START_LIMIT_MS);
  const given = "signal" in set && set["signal"] !== undefined ? set : { ...set, signal };
  try {
    const cluster = await startRedisCluster(given);
    try {
      await cluster.client.set("works", "yes");
      const { problems } = await cluster.check();
      if (problems.length > 0) throw new Error(problems.join("; "));
    } finally {
      await cluster.stop();
    }
    outcomes.started += 1;
  } catch (error) {
    if (signal.aborted || !(error instanceof RedisClusterError)) throw error;
    if (error instanceof InvalidOptionsError) {
      if (error.problems.length === 0) throw error;
      outcomes.refused += 1;
      for (const { option } of error.problems) outcomes.named[option] = (outcomes.named[option] ?? 0) + 1;
    } else {
      if (error.details["cleanupError"] !== undefined || !ONLY_THEN.has(error.code)) throw error;
      outcomes.failed[error.code] = (outcomes.failed[error.code] ?? 0) + 1;
    }
  }
  const left = await leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

/** By the engine's own record. */
async function networksMadeSince(since: number): Promise<number> {
  const events = await (await docker()).getEvents({
    since,
    until: Math.ceil(Date.now() / 1_000),
    filters: { type: ["network"], event: ["create"] },
  });
  let text = "";
  for await (const chunk of events) text += String(chunk);
  return text.split("\n").filter((line) => line.includes("redis-cluster-")).length;
}
