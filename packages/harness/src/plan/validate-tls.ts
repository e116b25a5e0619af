import { Hidden, type Report, reportUnknown } from "./option-problems.ts";
import type { RedisConfig } from "./options.ts";
import { isTlsDirective } from "./server-config.ts";

/** TLS options without gaps. */
export interface ValidTls {
  readonly clientAuth: boolean;
  /** `"all"`, `"hosts"` or a DNS name. */
  readonly names: string;
}

/** A DNS name that no address looks like. */
const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

export function validateTls(value: unknown, config: RedisConfig, report: Report): ValidTls | undefined {
  if (value === undefined || value === false) return undefined;
  if (value !== true && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return report("tls", value, "true, false or an object with `clientAuth` and `names`");
  }
  const given: Readonly<Record<string, unknown>> = value === true ? {} : { ...value };
  for (const name of Object.keys(given)) {
    // The value is not shown: it may be a key.
    if (name !== "clientAuth" && name !== "names")
      reportUnknown("tls.", name, ["clientAuth", "names"], report);
  }
  const clientAuth = given["clientAuth"] ?? false;
  if (typeof clientAuth !== "boolean") report("tls.clientAuth", clientAuth, "true or false");
  const names = given["names"] ?? "all";
  const fits = typeof names === "string" && DNS_NAME.test(names);
  if (!fits) report("tls.names", names, '"all", "hosts" or one DNS name, such as "redis.example"');
  for (const name of Object.keys(config).filter(isTlsDirective)) {
    report(
      `config[${JSON.stringify(name)}]`,
      new Hidden("a value"),
      "no such directive together with the option `tls`",
      "Remove it: the plan makes the certificates and decides the ports.",
    );
  }
  return { clientAuth: clientAuth === true, names: fits ? names : "all" };
}
