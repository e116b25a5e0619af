import { InvalidOptionsError } from "../errors.ts";
import { formatValue } from "../schema/format-value.ts";
import {
  anyOf,
  checked,
  choice,
  flag,
  integer,
  isObject,
  listOf,
  numberAbove,
  numberFrom,
  type OptionTable,
  type Schema,
  text,
} from "../schema/option.ts";
import { listProblems } from "../schema/option-problems.ts";
import { readOption, readOptions, reportUnknownOptions } from "../schema/read-options.ts";
import { WRITE_KINDS, type WriteKind } from "./ledger.ts";
import type { WorkloadOptions } from "./options.generated.ts";

export type { WorkloadOptions } from "./options.generated.ts";

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

const MAX_KEYS = 16_384;
const DEFAULT_KEYS = 256;
/** The share of reads if `reads` is true. */
const DEFAULT_READS = 0.2;

const WRITE_KIND: Schema<WriteKind> = choice<WriteKind>(WRITE_KINDS, "WriteKind");

export const WORKLOAD_OPTIONS: OptionTable<WorkloadOptions> = {
  writers: {
    schema: integer(1, 256),
    description: "The number of concurrent writers. Each has one command in flight.",
    default: 8,
  },
  ratePerSecond: {
    schema: numberAbove(0, 1_000_000),
    description: "The number of operations per second of all writers together.",
    defaultText: "no limit: each writer sends the next command as soon as the previous one is answered",
  },
  keys: {
    // Each key has only one writer, and a shard without keys would not be tested.
    schema: integer(1, MAX_KEYS),
    description:
      "The number of keys of each kind, over all shards. At least the number of writers and the number of shards.",
    defaultText: `${DEFAULT_KEYS}, or the minimum if that is greater`,
  },
  keyPrefix: {
    // The keys have their own hash tag, which determines their shard.
    schema: text("1 to 200 characters without braces", (value) => /^[^{}]{1,200}$/s.test(value)),
    description:
      "The beginning of every key: 1 to 200 characters without braces. A random part follows, which is different for each workload. Thus workloads with the same prefix never share keys with each other, nor with keys that existed before. `Workload.keyPrefix` contains both parts. The keys are not deleted when the workload ends.",
    defaultText: '"workload"',
  },
  valueBytes: {
    schema: integer(1, 1_048_576),
    description: "The length to which values are padded, in bytes. The token in a value may be longer.",
    default: 32,
  },
  wait: {
    schema: integer(0, 32),
    description:
      "The number of replicas that must confirm each write. The writers send WAIT on the same connection, and each writer has its own client. If fewer replicas confirm a write, its outcome is unknown. With 0, WAIT is not sent.",
    default: 0,
  },
  waitTimeoutMs: {
    schema: integer(1, 600_000),
    description: "The timeout of WAIT in milliseconds.",
    default: 1_000,
  },
  reads: {
    schema: checked<boolean | number>(
      "true, false or a number from 0 to below 1",
      (value) => typeof value === "boolean" || (typeof value === "number" && value >= 0 && value < 1),
      { documentedAs: anyOf(flag(), numberFrom(0, 1)) },
    ),
    description: `The share of reads among the operations, from 0 to below 1; true means ${DEFAULT_READS}. Reads are sent to primaries.`,
    default: 0,
  },
  kinds: {
    schema: checked<readonly WriteKind[]>(
      `one or more of ${WRITE_KINDS.map((kind) => `"${kind}"`).join(", ")}, without duplicates`,
      (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        new Set(value).size === value.length &&
        value.every((kind) => (WRITE_KINDS as readonly unknown[]).includes(kind)),
      { documentedAs: listOf(WRITE_KIND, 1) },
    ),
    description: "The kinds of writes. All of them are equally frequent.",
    defaultText: "all kinds",
  },
  commandTimeoutMs: {
    schema: integer(10, 600_000),
    description:
      "The timeout of a command in milliseconds. With `wait`, `waitTimeoutMs` is added to it. A write without a reply by then has an unknown outcome, and its writer sends the next command.",
    default: 1_000,
  },
  seed: {
    schema: integer(0, 2 ** 32 - 1),
    description:
      "The seed of the random choices of each writer: kinds, keys and reads, and their order. The names of keys still differ in the random part after `keyPrefix`.",
    defaultText: "a random seed, which the ledger contains",
  },
};

/** @throws InvalidOptionsError if the options of a workload are not an object. */
export function requireWorkloadObject(options: unknown): void {
  if (isObject(options)) return;
  const problem = { option: "options", given: formatValue(options), allowed: "an object" };
  throw new InvalidOptionsError([problem], "The workload's");
}

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
  const { problems, report } = listProblems();
  requireWorkloadObject(options);
  reportUnknownOptions(WORKLOAD_OPTIONS, options, report);
  // Braces in it would be the first hash tag of every key, and determine its slot.
  if (/[{}]/.test(clientKeyPrefix)) report("client.keyPrefix", clientKeyPrefix, "characters without braces");
  // The range of `keys` depends on other options, so that it is read after them.
  const { writers = 8, ...values } = readOptions(WORKLOAD_OPTIONS, { ...options, keys: undefined }, report);
  const minKeys = Math.max(writers, shards);
  const keyCount = { ...WORKLOAD_OPTIONS.keys, schema: integer(minKeys, MAX_KEYS) };
  const keys = readOption("keys", keyCount, options.keys, report);
  const { wait = 0, waitTimeoutMs = 1_000, valueBytes = 32, commandTimeoutMs = 1_000, reads, kinds } = values;
  if (problems.length > 0) throw new InvalidOptionsError(problems, "The workload's");
  return {
    ...values,
    writers,
    keys: keys ?? Math.max(DEFAULT_KEYS, minKeys),
    wait,
    waitTimeoutMs,
    valueBytes,
    commandTimeoutMs,
    reads: reads === true ? DEFAULT_READS : Number(reads),
    kinds: kinds ?? WRITE_KINDS,
  };
}
