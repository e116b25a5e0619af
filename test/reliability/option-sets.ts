import fc from "fast-check";
import { InvalidOptionsError, RedisClusterError, startRedisCluster } from "testcontainers-redis-cluster";
import { docker, leftovers } from "../support/engine.ts";

// Starts clusters with random options, some of them invalid. The options must be rejected before anything is created, or the
// cluster must work.

/** The results of the option sets. */
export interface OptionSetOutcomes {
  /** The number of sets that were rejected before the start. */
  refused: number;
  started: number;
  /** The number of starts that the engine or the server rejected, without leaving anything, by error code. */
  readonly failed: Record<string, number>;
  /** The number of times that each option was reported as invalid. */
  readonly named: Record<string, number>;
}

const START_TIMEOUT_MS = 20_000;
/** Errors that only the engine or the server can detect: a subnet or port in use, or an unknown directive. */
const LATE_CODES: ReadonlySet<string> = new Set(["SUBNET_TAKEN", "PORT_TAKEN", "NODE_EXITED"]);

/** Values that are invalid for most options. */
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

/** Generates one of the good values or an invalid value. */
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
      // Without valid paths, because a failed start would write to them.
      evidenceDir: fc.constantFrom<unknown>(undefined, "", "a\0b", 1, null, []),
      signal: maybe(undefined),
      configureNode: maybe(undefined),
      nodez: fc.constant(6),
    },
    { requiredKeys: [] },
  )
  // Up to five options at a time, so that invalid options are combined with valid options.
  .chain((all) => {
    const entries = Object.entries(all);
    const some = fc.subarray(entries, { maxLength: Math.min(5, entries.length) });
    return some.map((chosen) => Object.fromEntries(chosen));
  })
  // The clusters are small, so that a valid set takes about a second.
  .map((options) => ({ nodes: 3, replicas: 0, ...options }));

/**
 * Tries the given number of option sets.
 *
 * @throws Error with the seed and the smallest set that neither works nor is rejected correctly.
 */
export async function tryOptionSets(options: {
  readonly count: number;
  readonly seed: number;
  readonly onDone?: () => void;
}): Promise<OptionSetOutcomes> {
  const outcomes: OptionSetOutcomes = { refused: 0, started: 0, failed: {}, named: {} };
  const startedAt = Math.floor(Date.now() / 1_000) - 1;
  await fc.assert(
    fc.asyncProperty(optionSets, async (set) => {
      await tryOptionSet(set, outcomes);
      options.onDone?.();
    }),
    { seed: options.seed, numRuns: options.count },
  );
  const created = await countNetworksCreatedSince(startedAt);
  const notRefused = outcomes.started + Object.values(outcomes.failed).reduce((sum, count) => sum + count, 0);
  if (created > notRefused)
    throw new Error(`${created} networks were created for ${notRefused} sets that were not rejected`);
  return outcomes;
}

async function tryOptionSet(
  set: Readonly<Record<string, unknown>>,
  outcomes: OptionSetOutcomes,
): Promise<void> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const startOptions = "signal" in set && set["signal"] !== undefined ? set : { ...set, signal };
  try {
    const cluster = await startRedisCluster(startOptions);
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
      if (error.details["cleanupError"] !== undefined || !LATE_CODES.has(error.code)) throw error;
      outcomes.failed[error.code] = (outcomes.failed[error.code] ?? 0) + 1;
    }
  }
  const left = await leftovers();
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

/** Returns the number of networks of clusters that the engine has created, according to its events. */
async function countNetworksCreatedSince(since: number): Promise<number> {
  const events = await (await docker()).getEvents({
    since,
    until: Math.ceil(Date.now() / 1_000),
    filters: { type: ["network"], event: ["create"] },
  });
  let text = "";
  for await (const chunk of events) text += String(chunk);
  return text.split("\n").filter((line) => line.includes("redis-cluster-")).length;
}
