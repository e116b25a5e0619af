import { Hidden, type Report } from "../schema/option-problems.ts";
import { readOptions, reportUnknownNames } from "../schema/read-options.ts";
import { TLS_OPTIONS } from "./cluster-options.ts";
import type { RedisConfig, TlsOptions } from "./options.generated.ts";
import { isTlsDirective } from "./server-config.ts";

/** TLS options without gaps. */
export interface ValidTls {
  readonly clientAuth: boolean;
  /** `"all"`, `"hosts"` or a DNS name. */
  readonly names: string;
}

/** Validates the options of TLS, and that the directives of TLS are not set as well. */
export function validateTls(
  given: boolean | TlsOptions | undefined,
  config: RedisConfig,
  report: Report,
): ValidTls | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  reportUnknownNames(TLS_OPTIONS, options, report, "tls.");
  const { clientAuth = false, names = "all" } = readOptions(TLS_OPTIONS, options, report, { prefix: "tls." });
  for (const name of Object.keys(config).filter(isTlsDirective)) {
    report(
      `config[${JSON.stringify(name)}]`,
      new Hidden("a value"),
      "no such directive together with the option `tls`",
      "Remove it: the plan makes the certificates and decides the ports.",
    );
  }
  return { clientAuth, names };
}
