import { Hidden, type Report } from "./option-problems.ts";
import type { RedisConfig } from "./options.ts";
import { isTlsDirective } from "./server-config.ts";

/** TLS as it was asked for. */
export interface ValidTls {
  readonly clientAuth: boolean;
}

export function validateTls(value: unknown, config: RedisConfig, report: Report): ValidTls | undefined {
  if (value === undefined || value === false) return undefined;
  if (value !== true && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return report("tls", value, "true, false or an object of options");
  }
  const given: Readonly<Record<string, unknown>> = value === true ? {} : { ...value };
  for (const name of Object.keys(given)) {
    // The value is not shown: somebody may try to pass a key.
    if (name !== "clientAuth") report(`tls.${name}`, new Hidden("something"), "there is no such option");
  }
  const clientAuth = given["clientAuth"] ?? false;
  if (typeof clientAuth !== "boolean") report("tls.clientAuth", clientAuth, "true or false");
  for (const name of Object.keys(config).filter(isTlsDirective)) {
    report(
      `config[${JSON.stringify(name)}]`,
      new Hidden("something"),
      "not to be set beside the option `tls`",
    );
  }
  return { clientAuth: clientAuth === true };
}
