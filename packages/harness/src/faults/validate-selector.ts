import { RedisClusterError } from "../errors.ts";
import { formatValue } from "../schema/format-value.ts";
import type { Selector } from "./select.ts";

interface Field {
  /** Completes "expected … to be". */
  readonly expected: string;
  readonly isValid: (value: unknown) => boolean;
}

const KEY: Field = { expected: "a key, as a string", isValid: (value) => typeof value === "string" };
const FIELDS: ReadonlyMap<string, Field> = new Map([
  ["primaryOf", KEY],
  ["replicaOf", KEY],
  ["shardOf", KEY],
  [
    "role",
    { expected: '"primary" or "replica"', isValid: (value) => value === "primary" || value === "replica" },
  ],
  ["majorityOf", { expected: '"primaries"', isValid: (value) => value === "primaries" }],
  ["random", { expected: "an integer above 0", isValid: (value) => isInteger(value, 1) }],
  [
    "seed",
    { expected: "an integer from 0 to 4294967295", isValid: (value) => isInteger(value, 0, 2 ** 32 - 1) },
  ],
]);
/** The properties that can be combined with `random`. */
const COMBINABLE_WITH_RANDOM: ReadonlySet<string> = new Set(["role", "seed"]);

/**
 * Rejects a selector that TypeScript would not allow, because it would select other nodes than intended: a misspelt role, for
 * example, would select all nodes.
 *
 * @returns the selector without its undefined properties.
 * @throws RedisClusterError INVALID_ARGUMENT if the selector is invalid.
 */
export function validateSelector(selector: Selector): Selector {
  const properties = Object.entries(selector).filter(([, value]) => value !== undefined);
  const problem = findProblem(new Map(properties));
  if (problem === undefined) return Object.fromEntries(properties) as unknown as Selector;
  throw new RedisClusterError("INVALID_ARGUMENT", `Invalid target ${formatValue(selector)}: ${problem}.`, {
    details: { selector },
  });
}

function findProblem(properties: ReadonlyMap<string, unknown>): string | undefined {
  const names = [...properties.keys()];
  const unknown = names.find((name) => !FIELDS.has(name));
  if (unknown !== undefined) return `expected one of ${[...FIELDS.keys()].join(", ")}, got ${unknown}`;
  const kinds = properties.has("random") ? names.filter((name) => !COMBINABLE_WITH_RANDOM.has(name)) : names;
  if (kinds.length !== 1 || kinds[0] === "seed") {
    return "expected exactly one of primaryOf, replicaOf, shardOf, role, majorityOf and random; only random can be combined with role and seed";
  }
  for (const [name, value] of properties) {
    const field = FIELDS.get(name);
    if (field?.isValid(value) === false) {
      return `expected ${name} to be ${field.expected}, got ${formatValue(value)}`;
    }
  }
  return undefined;
}

function isInteger(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
