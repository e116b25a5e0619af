import { countPrimaries, type ReplicaCounts } from "./layout.ts";
import { findForbiddenCommands, SEED_COMMANDS } from "./needed-commands.ts";
import { Redacted } from "../schema/format-value.ts";
import { type ReportProblem, reportUnknownOption } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { splitArguments } from "./server-config.ts";
import { valuesOf } from "./validate-hardening.ts";

/** A valid option `seed`, of which the files have not been read yet. */
export type ValidSeed =
  | { readonly kind: "function"; readonly load: (client: never) => unknown }
  | { readonly kind: "commands" | "rdb" | "aof"; readonly files: readonly string[] };

const KINDS = ["commands", "rdb", "aof"] as const;
const ALLOWED =
  'a function that receives the connected client, or one of { commands: "FILE" }, { rdb: ["FILE", …] } and { aof: ["FILE", …] }';

/** Returns whether a `seed`, valid or not, contains files that a server must load. */
export function isFileSeed(given: unknown): boolean {
  if (typeof given !== "object" || given === null) return false;
  const { rdb, aof } = given as { readonly rdb?: unknown; readonly aof?: unknown };
  return rdb !== undefined || aof !== undefined;
}

/** Validates the shape of the option `seed`. Its files are validated when they are read. */
export function validateSeed(
  given: unknown,
  size: { readonly nodes: number; readonly replicas: ReplicaCounts },
  config: RedisConfig,
  report: ReportProblem,
): ValidSeed | undefined {
  if (given === undefined) return undefined;
  reportMissingCommands(config, report);
  if (typeof given === "function") return { kind: "function", load: given as (client: never) => unknown };
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return report("seed", given, ALLOWED);
  }
  const unknownNames = Object.keys(given).filter((name) => !KINDS.includes(name as (typeof KINDS)[number]));
  for (const name of unknownNames) reportUnknownOption("seed.", name, KINDS, report);
  const values = given as Readonly<Record<string, unknown>>;
  const kinds = KINDS.filter((kind) => values[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    return unknownNames.length > 0 && kind === undefined ? undefined : report("seed", given, ALLOWED);
  }
  const value = values[kind];
  if (kind === "commands") {
    return isPath(value) ? { kind, files: [value] } : report("seed.commands", value, "the path of a file");
  }
  const primaries = countPrimaries(size.nodes, size.replicas);
  if (Array.isArray(value) && value.length === primaries && Array.from<unknown>(value).every(isPath)) {
    return { kind, files: value as readonly string[] };
  }
  const paths = primaries === 1 ? "an array with the path of one file" : `an array of ${primaries} paths`;
  return report(`seed.${kind}`, value, `${paths}, one for each primary in the order of the shards`);
}

/** Returns whether a value can be the path of a file. A path cannot contain a null character. */
function isPath(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("\0");
}

/** Reports the commands that only a cluster with a seed needs, and that `config` removes or forbids. */
function reportMissingCommands(config: RedisConfig, report: ReportProblem): void {
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
    const [forbidden] = name === "default" ? (findForbiddenCommands(rules, SEED_COMMANDS) ?? []) : [];
    if (forbidden === undefined) continue;
    report(
      'config["user"]',
      // The line may contain a password.
      new Redacted("a line for the default user"),
      `the default user to have ${forbidden.name.toUpperCase()}: the library needs it to ${forbidden.purpose}`,
      "Add the right, or leave out `seed`.",
    );
  }
}
