import { primaryCount, type ReplicaCounts } from "./layout.ts";
import { forbiddenCommands, SEED_COMMANDS } from "./needed-commands.ts";
import { Hidden, type Report, reportUnknown } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { splitArguments } from "./server-config.ts";
import { valuesOf } from "./validate-hardening.ts";

/** A checked `seed`; the files themselves have not been read yet. */
export type ValidSeed =
  | { readonly kind: "function"; readonly load: (client: never) => unknown }
  | { readonly kind: "commands" | "rdb" | "aof"; readonly files: readonly string[] };

const KINDS = ["commands", "rdb", "aof"] as const;
const SEED =
  'a function that receives the connected client, or one of { commands: "FILE" }, { rdb: ["FILE", …] } and { aof: ["FILE", …] }';

/** Returns whether a `seed`, valid or not, names files that a server has to load. */
export function isFileSeed(given: unknown): boolean {
  if (typeof given !== "object" || given === null) return false;
  const { rdb, aof } = given as { readonly rdb?: unknown; readonly aof?: unknown };
  return rdb !== undefined || aof !== undefined;
}

/** Checks the shape of the option `seed`. Whether its files exist is checked when they are read. */
export function validateSeed(
  given: unknown,
  size: { readonly nodes: number; readonly replicas: ReplicaCounts },
  config: RedisConfig,
  report: Report,
): ValidSeed | undefined {
  if (given === undefined) return undefined;
  reportMissingCommands(config, report);
  if (typeof given === "function") return { kind: "function", load: given as (client: never) => unknown };
  if (typeof given !== "object" || given === null || Array.isArray(given)) return report("seed", given, SEED);
  const unknown = Object.keys(given).filter((name) => !KINDS.includes(name as (typeof KINDS)[number]));
  for (const name of unknown) reportUnknown("seed.", name, KINDS, report);
  const values = given as Readonly<Record<string, unknown>>;
  const kinds = KINDS.filter((kind) => values[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    return unknown.length > 0 && kind === undefined ? undefined : report("seed", given, SEED);
  }
  const value = values[kind];
  if (kind === "commands") {
    return isPath(value) ? { kind, files: [value] } : report("seed.commands", value, "the path of a file");
  }
  const primaries = primaryCount(size.nodes, size.replicas);
  if (Array.isArray(value) && value.length === primaries && Array.from<unknown>(value).every(isPath)) {
    return { kind, files: value as readonly string[] };
  }
  const paths = primaries === 1 ? "an array with the path of one file" : `an array of ${primaries} paths`;
  return report(`seed.${kind}`, value, `${paths}, one for each primary in the order of the shards`);
}

/** The system knows no path with a zero character. */
function isPath(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("\0");
}

/** Commands that only a cluster with a seed needs, and that `config` takes away. */
function reportMissingCommands(config: RedisConfig, report: Report): void {
  for (const line of valuesOf(config, "rename-command")) {
    const [from = "", to] = splitArguments(line) ?? [];
    const needed = SEED_COMMANDS.find(({ name }) => name === from.toLowerCase());
    if (to !== "" || needed === undefined) continue;
    const command = from.toUpperCase();
    const allowed = `${command} to stay available: the library needs it to ${needed.purpose}`;
    report('config["rename-command"]', line, allowed, "Remove the line, or leave out `seed`.");
  }
  for (const line of valuesOf(config, "user")) {
    const [name, ...rules] = splitArguments(line) ?? [];
    const [forbidden] = name === "default" ? (forbiddenCommands(rules, SEED_COMMANDS) ?? []) : [];
    if (forbidden === undefined) continue;
    report(
      'config["user"]',
      // The line may contain a password.
      new Hidden("a line for the default user"),
      `the default user to have ${forbidden.name.toUpperCase()}: the library needs it to ${forbidden.purpose}`,
      "Add the right, or leave out `seed`.",
    );
  }
}
