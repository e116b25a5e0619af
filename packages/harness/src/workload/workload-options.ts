import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { formatValue } from "../schema/format-value.ts";
import { type ReportProblem, reportUnknownOption } from "../schema/option-problems.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";

/** The options of the writers of a workload. */
export interface WorkloadOptions {
  /** The number of concurrent writers, from 1 to 256. Each has one command in flight. @default 8 */
  readonly writers?: number | undefined;
  /**
   * The number of operations per second of all writers together, above 0 and up to 1 000 000.
   * @default no limit: each writer sends the next command as soon as the previous one is answered
   */
  readonly ratePerSecond?: number | undefined;
  /**
   * The number of keys of each kind, over all shards. At least the number of writers and the number of shards, at most 16 384.
   * @default 256, or the minimum if that is greater
   */
  readonly keys?: number | undefined;
  /**
   * The beginning of every key: 1 to 200 characters without braces. A random part follows, which is different for each workload.
   * Thus workloads with the same prefix never share keys with each other, nor with keys that existed before. `Workload.keyPrefix`
   * contains both parts. The keys are not deleted when the workload ends.
   * @default "workload"
   */
  readonly keyPrefix?: string | undefined;
  /** The length to which values are padded, in bytes, from 1 to 1 048 576. The token in a value may be longer. @default 32 */
  readonly valueBytes?: number | undefined;
  /**
   * The number of replicas that must confirm each write, from 0 to 32. The writers send WAIT on the same connection, and each
   * writer has its own client. If fewer replicas confirm a write, its outcome is unknown. With 0, WAIT is not sent.
   * @default 0
   */
  readonly wait?: number | undefined;
  /** The timeout of WAIT, in milliseconds, from 1 to 600 000. @default 1000 */
  readonly waitTimeoutMs?: number | undefined;
  /** The share of reads among the operations, from 0 to below 1; true means 0.2. Reads are sent to primaries. @default 0 */
  readonly reads?: boolean | number | undefined;
  /** The kinds of writes. All of them are equally frequent. @default all kinds */
  readonly kinds?: readonly WriteKind[] | undefined;
  /**
   * The timeout of a command, in milliseconds, from 10 to 600 000. With `wait`, `waitTimeoutMs` is added to it. A write without a
   * reply by then has an unknown outcome, and its writer sends the next command.
   * @default 1000
   */
  readonly commandTimeoutMs?: number | undefined;
  /**
   * The seed of the random choices of each writer: kinds, keys and reads, and their order. An integer from 0 to 2^32 − 1. The
   * names of keys still differ in the random part after `keyPrefix`.
   * @default a random seed, which the ledger contains
   */
  readonly seed?: number | undefined;
}

/** Valid options with all defaults. */
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

const OPTION_NAMES: ReadonlySet<string> = new Set([
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

const MAX_KEYS = 16_384;

/**
 * Validates all options and adds the defaults.
 *
 * @param shards the number of shards of the cluster.
 * @param clientKeyPrefix the `keyPrefix` of the client options, which precedes every key.
 * @throws InvalidOptionsError with every option that is invalid.
 */
export function validateWorkload(
  options: WorkloadOptions,
  shards: number,
  clientKeyPrefix: string = "",
): ValidWorkload {
  const problems: OptionProblem[] = [];
  const report: ReportProblem = (option, given, allowed, remedy) => {
    problems.push({
      option,
      given: formatValue(given),
      allowed,
      ...(remedy === undefined ? {} : { remedy }),
    });
    return undefined;
  };
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidOptionsError([{ option: "options", given: formatValue(options), allowed: "an object" }]);
  }
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) reportUnknownOption("", name, OPTION_NAMES, report);
  }
  // Braces in it would be the first hash tag of every key, and determine its slot.
  if (/[{}]/.test(clientKeyPrefix)) report("client.keyPrefix", clientKeyPrefix, "characters without braces");
  const integer = (name: keyof WorkloadOptions, min: number, max: number): number | undefined => {
    const value: unknown = options[name];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    return report(name, value, `an integer from ${min} to ${max}`);
  };

  const writers = integer("writers", 1, 256) ?? 8;
  // Each key has only one writer, and a shard without keys would not be tested.
  const minKeys = Math.max(writers, shards);
  const valid: ValidWorkload = {
    writers,
    ratePerSecond: validateRate(options.ratePerSecond, report),
    keys: integer("keys", minKeys, MAX_KEYS) ?? Math.max(256, minKeys),
    keyPrefix: validatePrefix(options.keyPrefix, report),
    valueBytes: integer("valueBytes", 1, 1_048_576) ?? 32,
    wait: integer("wait", 0, 32) ?? 0,
    waitTimeoutMs: integer("waitTimeoutMs", 1, 600_000) ?? 1_000,
    reads: validateReads(options.reads, report),
    kinds: validateKinds(options.kinds, report),
    commandTimeoutMs: integer("commandTimeoutMs", 10, 600_000) ?? 1_000,
    seed: integer("seed", 0, 2 ** 32 - 1),
  };
  if (problems.length > 0) throw new InvalidOptionsError(problems, "The workload's");
  return valid;
}

function validateRate(rate: unknown, report: ReportProblem): number | undefined {
  if (rate === undefined || (typeof rate === "number" && rate > 0 && rate <= 1_000_000)) return rate;
  return report("ratePerSecond", rate, "a number above 0, up to 1000000");
}

function validatePrefix(prefix: unknown, report: ReportProblem): string | undefined {
  if (prefix === undefined) return undefined;
  // The keys have their own hash tag, which determines their shard.
  if (typeof prefix === "string" && /^[^{}]{1,200}$/s.test(prefix)) return prefix;
  return report("keyPrefix", prefix, "1 to 200 characters without braces");
}

function validateReads(reads: unknown, report: ReportProblem): number {
  if (reads === undefined || reads === false) return 0;
  if (reads === true) return 0.2;
  if (typeof reads === "number" && reads >= 0 && reads < 1) return reads;
  report("reads", reads, "true, false or a number from 0 to below 1");
  return 0;
}

function validateKinds(kinds: unknown, report: ReportProblem): readonly WriteKind[] {
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
    `one or more of ${WRITE_KINDS.map((kind) => `"${kind}"`).join(", ")}, without duplicates`,
  );
  return WRITE_KINDS;
}
