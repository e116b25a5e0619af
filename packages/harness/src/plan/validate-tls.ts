import { Redacted } from "../schema/format-value.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import { readOptions, reportUnknownOptions } from "../schema/read-options.ts";
import { TLS_OPTIONS } from "./cluster-options.ts";
import type { RedisConfig, TlsOptions } from "./options.generated.ts";
import { isTlsDirective } from "./server-config.ts";

/** Valid options of TLS with all defaults. */
export interface ValidTls {
  readonly clientAuth: boolean;
  /** `"all"`, `"hosts"` or a DNS name. */
  readonly names: string;
}

/** Validates the options of TLS, and reports directives in `config` that the plan determines with TLS. */
export function validateTls(
  given: boolean | TlsOptions | undefined,
  config: RedisConfig,
  report: ReportProblem,
): ValidTls | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  reportUnknownOptions(TLS_OPTIONS, options, report, "tls.");
  const { clientAuth = false, names = "all" } = readOptions(TLS_OPTIONS, options, report, { prefix: "tls." });
  for (const name of Object.keys(config).filter(isTlsDirective)) {
    report(
      `config[${JSON.stringify(name)}]`,
      new Redacted("a value"),
      "no such directive together with the option `tls`",
      "Remove it: the plan creates the certificates and determines the ports.",
    );
  }
  return { clientAuth, names };
}
