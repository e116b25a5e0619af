import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { type Report, reportUnknown, show } from "../plan/option-problems.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";

/** What is written, how fast, and what counts as an answer. */
export interface WorkloadOptions {
  /** Writers at the same time, each with one command under way, 1 to 256. Default 8. */
  readonly writers?: number | undefined;
  /** Operations a second of all writers together, above 0, up to 1 000 000. Default: as fast as they are answered. */
  readonly ratePerSecond?: number | undefined;
  /** Keys of each kind, over all shards; at least one for each writer and shard, up to 16 384. Default 256. */
  readonly keys?: number | undefined;
  /**
   * What every key begins with, up to 200 characters without braces; a random part of each workload's own follows. So
   * workloads with the same prefix never share a key, and neither does a key that was there before: a value that is found
   * is this workload's. `Workload.keyPrefix` has both parts. The keys stay when the workload ends. Default `"workload"`.
   */
  readonly keyPrefix?: string | undefined;
  /** Values are padded to so many bytes, 1 to 1 048 576; a token alone may be longer. Default 32. */
  readonly valueBytes?: number | undefined;
  /**
   * So many replicas have to have a write, by WAIT on the same connection, 0 to 32. One that fewer have counts as unknown.
   * Each writer then has a client of its own. Default 0: WAIT is not sent.
   */
  readonly wait?: number | undefined;
  /** How long WAIT may take, in milliseconds, 1 to 600 000. Default 1000. */
  readonly waitTimeoutMs?: number | undefined;
  /** The share of reads among operations, 0 to below 1; true is 0.2. Default 0. A read goes to the primary. */
  readonly reads?: boolean | number | undefined;
  /** What is written, each kind as often as the others. Default: all kinds. */
  readonly kinds?: readonly WriteKind[] | undefined;
  /**
   * An attempt without an answer by then counts as unknown and its writer goes on, in milliseconds, 10 to 600 000.
   * Default 1000. With `wait`, `waitTimeoutMs` is added.
   */
  readonly commandTimeoutMs?: number | undefined;
  /**
   * Repeats what each writer chooses: kinds, keys and reads, in their order. Names of keys still differ in the random part
   * behind `keyPrefix`. 0 to 2^32 − 1. Default: random; the ledger has it.
   */
  readonly seed?: number | undefined;
}

/** Options without gaps. */
export interface ValidWorkload {
  readonly writers: number;
  readonly ratePerSecond: number | undefined;
  readonly keys: number;
  readonly keyPrefix: string | undefined;
  readonly valueBytes: number;
  readonly wait: number;
  readonly waitTimeoutMs: number;
  readonly reads: number;
  readonly kinds: readonly WriteKind[];
  readonly commandTimeoutMs: number;
  readonly seed: number | undefined;
}

const NAMES: ReadonlySet<string> = new Set([
  "writers",
  "ratePerSecond",
  "keys",
  "keyPrefix",
  "valueBytes",
  "wait",
  "waitTimeoutMs",
  "reads",
  "kinds",
  "commandTimeoutMs",
  "seed",
] satisfies (keyof WorkloadOptions)[]);

const MOST_KEYS = 16_384;

/**
 * Checks all options at once and fills in the defaults.
 *
 * @throws InvalidOptionsError naming all that are wrong.
 */
export function validateWorkload(
  options: WorkloadOptions,
  shards: number,
  clientKeyPrefix: string = "",
): ValidWorkload {
  const problems: OptionProblem[] = [];
  const report: Report = (option, given, allowed, remedy) => {
    problems.push({ option, given: show(given), allowed, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  };
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidOptionsError([{ option: "options", given: show(options), allowed: "an object" }]);
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) reportUnknown("", name, NAMES, report);
  }
  // It comes before the keys' own hash tags, and would decide on their slot.
  if (/[{}]/.test(clientKeyPrefix)) report("client.keyPrefix", clientKeyPrefix, "characters without braces");
  const whole = (name: keyof WorkloadOptions, least: number, most: number): number | undefined => {
    const value: unknown = options[name];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    return report(name, value, `a whole number from ${least} to ${most}`);
  };

  const writers = whole("writers", 1, 256) ?? 8;
  // A key has one writer only, and a shard without a key would not be watched.
  const fewest = Math.max(writers, shards);
  const valid: ValidWorkload = {
    writers,
    ratePerSecond: rateOf(options.ratePerSecond, report),
    keys: whole("keys", fewest, MOST_KEYS) ?? Math.max(256, fewest),
    keyPrefix: prefixOf(options.keyPrefix, report),
    valueBytes: whole("valueBytes", 1, 1_048_576) ?? 32,
    wait: whole("wait", 0, 32) ?? 0,
    waitTimeoutMs: whole("waitTimeoutMs", 1, 600_000) ?? 1_000,
    reads: readShare(options.reads, report),
    kinds: kindsOf(options.kinds, report),
    commandTimeoutMs: whole("commandTimeoutMs", 10, 600_000) ?? 1_000,
    seed: whole("seed", 0, 2 ** 32 - 1),
  };
  if (problems.length > 0) throw new InvalidOptionsError(problems, "The workload's");
  return valid;
}

function rateOf(rate: unknown, report: Report): number | undefined {
  if (rate === undefined || (typeof rate === "number" && rate > 0 && rate <= 1_000_000)) return rate;
  return report("ratePerSecond", rate, "a number above 0, up to 1000000");
}

function prefixOf(prefix: unknown, report: Report): string | undefined {
  if (prefix === undefined) return undefined;
  // The keys have a hash tag of their own, which decides on their shard.
  if (typeof prefix === "string" && /^[^{}]{1,200}$/s.test(prefix)) return prefix;
  return report("keyPrefix", prefix, "1 to 200 characters without braces");
}

function readShare(reads: unknown, report: Report): number {
  if (reads === undefined || reads === false) return 0;
  if (reads === true) return 0.2;
  if (typeof reads === "number" && reads >= 0 && reads < 1) return reads;
  report("reads", reads, "true, false or a number from 0 to below 1");
  return 0;
}

function kindsOf(kinds: unknown, report: Report): readonly WriteKind[] {
  if (kinds === undefined) return WRITE_KINDS;
  if (
    Array.isArray(kinds) &&
    kinds.length > 0 &&
    new Set(kinds).size === kinds.length &&
    kinds.every((kind) => (WRITE_KINDS as readonly unknown[]).includes(kind))
  ) {
    return kinds;
  }
  report(
    "kinds",
    kinds,
    `different ones of ${WRITE_KINDS.map((kind) => `"${kind}"`).join(", ")}, at least one`,
  );
  return WRITE_KINDS;
}
