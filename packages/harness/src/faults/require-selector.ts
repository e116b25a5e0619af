import { RedisClusterError } from "../errors.ts";
import { shown } from "./shown.ts";
import type { Selector } from "./select.ts";

interface Field {
  readonly has: string;
  readonly fits: (value: unknown) => boolean;
}

const KEY: Field = { has: "a key, as a string", fits: (value) => typeof value === "string" };
const FIELDS: ReadonlyMap<string, Field> = new Map([
  ["primaryOf", KEY],
  ["replicaOf", KEY],
  ["shardOf", KEY],
  ["role", { has: '"primary" or "replica"', fits: (value) => value === "primary" || value === "replica" }],
  ["majorityOf", { has: '"primaries"', fits: (value) => value === "primaries" }],
  ["random", { has: "an integer above 0", fits: (value) => isWhole(value, 1) }],
  ["seed", { has: "an integer from 0 to 4294967295", fits: (value) => isWhole(value, 0, 2 ** 32 - 1) }],
]);
/** What may be combined with `random`. */
const BESIDE_RANDOM: ReadonlySet<string> = new Set(["role", "seed"]);

/**
 * Refuses a selector that TypeScript would not allow, because it would choose other nodes than were meant: a misspelt role,
 * for example, would choose all nodes. Returns the selector without its undefined properties.
 *
 * @throws RedisClusterError INVALID_ARGUMENT
 */
export function requireSelector(selector: Selector): Selector {
  const given = Object.entries(selector).filter(([, value]) => value !== undefined);
  const problem = whyNone(new Map(given));
  if (problem === undefined) return Object.fromEntries(given) as unknown as Selector;
  throw new RedisClusterError("INVALID_ARGUMENT", `Invalid target ${shown(selector)}: ${problem}.`, {
    details: { selector },
  });
}

function whyNone(given: ReadonlyMap<string, unknown>): string | undefined {
  const names = [...given.keys()];
  const stray = names.find((name) => !FIELDS.has(name));
  if (stray !== undefined) return `expected one of ${[...FIELDS.keys()].join(", ")}, got ${stray}`;
  const kinds = given.has("random") ? names.filter((name) => !BESIDE_RANDOM.has(name)) : names;
  if (kinds.length !== 1 || kinds[0] === "seed") {
    return "expected exactly one of primaryOf, replicaOf, shardOf, role, majorityOf and random; only random can be combined with role and seed";
  }
  for (const [name, value] of given) {
    const field = FIELDS.get(name);
    if (field?.fits(value) === false) return `expected ${name} to be ${field.has}, got ${shown(value)}`;
  }
  return undefined;
}

function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
