import * as v from "valibot";
import { redactValue } from "./format-value.ts";
import type { Option, OptionTable } from "./option.ts";
import { type ReportProblem, reportUnknownOption } from "./option-problems.ts";

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The values of options. A value is undefined if the option is not set and has no default, or if its value was reported. */
export type Values<T> = { readonly [Name in keyof T]-?: NonNullable<T[Name]> | undefined };

const NO_ENVIRONMENT: Environment = {};

/**
 * Reports every name that does not belong to an option of the table.
 *
 * @param prefix precedes the names in messages.
 * @param remedies what to do instead, by names that users may expect.
 */
export function reportUnknownOptions(
  table: object,
  given: object,
  report: ReportProblem,
  prefix = "",
  remedies?: ReadonlyMap<string, string>,
): void {
  const names = Object.keys(table);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) reportUnknownOption(prefix, name, names, report, remedies);
  }
}

/**
 * Reads all options of a table. Validates the values that the caller set, and completes them with values from the environment and
 * with the defaults.
 *
 * @param prefix precedes the names in messages.
 */
export function readOptions<T extends object>(
  table: OptionTable<T>,
  given: { readonly [Name in keyof T]?: unknown },
  report: ReportProblem,
  {
    environment = NO_ENVIRONMENT,
    prefix = "",
  }: { readonly environment?: Environment; readonly prefix?: string } = {},
): Values<T> {
  const names = Object.keys(table) as (keyof T & string)[];
  const values = names.map((name) => {
    const option: Option<unknown> = table[name];
    return [name, readOption(`${prefix}${name}`, option, given[name], report, environment)] as const;
  });
  return Object.fromEntries(values) as Values<T>;
}

/** Reads one option, as {@link readOptions} does. */
export function readOption<T>(
  name: string,
  option: Option<T>,
  given: unknown,
  report: ReportProblem,
  environment: Environment = NO_ENVIRONMENT,
): T | undefined {
  if (given !== undefined) return validate(name, option, given, given, report);
  const variable = option.environment;
  const text = variable === undefined ? undefined : environment[variable] || undefined;
  if (text === undefined) return option.default;
  const value = validate(`environment variable ${variable}`, option, fromText(text, option), text, report);
  return value ?? option.default;
}

/** Converts the text of an environment variable to a number if the option is a number and the text can be converted. */
function fromText(text: string, { schema }: Option<unknown>): string | number {
  const number = Number(text);
  return schema.type === "number" && !Number.isNaN(number) ? number : text;
}

function validate<T>(
  name: string,
  { schema, remedy, secret = false }: Option<T>,
  value: unknown,
  shown: unknown,
  report: ReportProblem,
): T | undefined {
  // All rules of one option have the same message, so that the first issue is sufficient.
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  return report(name, secret ? redactValue(shown) : shown, result.issues[0].message, remedy);
}
