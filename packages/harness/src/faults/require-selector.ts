import { RedisClusterError } from "../errors.ts";
import { shown } from "./shown.ts";
import type { Selector } from "./targets.ts";

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
  ["random", { has: "a whole number from 1 on", fits: (value) => isWhole(value, 1) }],
  ["seed", { has: "a whole number from 0 to 4294967295", fits: (value) => isWhole(value, 0, 2 ** 32 - 1) }],
]);
/** What `random` may have beside it. */
const BESIDE_RANDOM: ReadonlySet<string> = new Set(["role", "seed"]);

/**
 * Refuses what plain JavaScript may pass, which would choose other nodes than were meant: a misspelt role, say, all of
 * them. Gives the selector without what is undefined in it.
 *
 * @throws RedisClusterError INVALID_ARGUMENT
 */
export function requireSelector(selector: Selector): Selector {
  const given = Object.entries(selector).filter(([, value]) => value !== undefined);
  const problem = whyNone(new Map(given));
  if (problem === undefined) return Object.fromEntries(given) as unknown as Selector;
  throw new RedisClusterError("INVALID_ARGUMENT", `${shown(selector)} is no target: ${problem}.`, {
    details: { selector },
  });
}

function whyNone(given: ReadonlyMap<string, unknown>): string | undefined {
  const names = [...given.keys()];
  const stray = names.find((name) => !FIELDS.has(name));
  if (stray !== undefined) return `there is no ${stray} in a selector`;
  const kinds = given.has("random") ? names.filter((name) => !BESIDE_RANDOM.has(name)) : names;
  if (kinds.length !== 1 || kinds[0] === "seed") {
    return "one of primaryOf, replicaOf, shardOf, role, majorityOf and random was expected, and beside random role and seed";
  }
  for (const [name, value] of given) {
    const field = FIELDS.get(name);
    if (field?.fits(value) === false) return `${name} is ${shown(value)}; ${field.has} was expected`;
  }
  return undefined;
}

function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
