import { RedisClusterError } from "../errors.ts";
import { isObject, type Option, type OptionTable } from "./option.ts";
import { listProblems, type ReportProblem } from "./option-problems.ts";
import { readOption, readOptions, reportUnknownOptions, type Values } from "./read-options.ts";

/**
 * Reads the options of a call. Completes them with the defaults, and rejects unknown names and invalid values.
 *
 * @param call the call, as in `kill()`.
 * @param others the options of the call that are read elsewhere.
 * @throws RedisClusterError INVALID_ARGUMENT with all problems.
 */
export function readCallOptions<T extends object>(
  call: string,
  table: OptionTable<T>,
  given: { readonly [Name in keyof T]?: unknown },
  others: object = {},
): Values<T> {
  return withProblems((report) => {
    if (!isObject(given)) {
      report(`options of ${call}`, given, "an object");
      return {} as Values<T>;
    }
    reportUnknownOptions({ ...table, ...others }, given, report);
    return readOptions(table, given, report);
  });
}

/**
 * Rejects names that are not options of a call whose options are read elsewhere.
 *
 * @param call the call, as in `pause()`.
 * @throws RedisClusterError INVALID_ARGUMENT with all unknown names.
 */
export function requireKnownOptions(call: string, table: object, given: object): void {
  withProblems((report) => {
    if (isObject(given)) reportUnknownOptions(table, given, report);
    else report(`options of ${call}`, given, "an object");
  });
}

/**
 * Validates an argument of a call.
 *
 * @throws RedisClusterError INVALID_ARGUMENT if the argument is invalid.
 */
export function requireArgument<T>(name: string, option: Pick<Option<T>, "schema">, given: T): void {
  withProblems((report) => readOption(name, { ...option, description: "" }, given ?? null, report));
}

function withProblems<T>(read: (report: ReportProblem) => T): T {
  const { problems, report } = listProblems();
  const values = read(report);
  if (problems.length === 0) return values;
  const sentences = problems.map(
    ({ option, given, allowed, remedy }) =>
      `Invalid ${option}: expected ${allowed}, got ${given}.${remedy === undefined ? "" : ` ${remedy}`}`,
  );
  throw new RedisClusterError("INVALID_ARGUMENT", sentences.join(" "), { details: { problems } });
}
