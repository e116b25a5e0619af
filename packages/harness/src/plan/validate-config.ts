import { LABEL_PREFIX } from "./label-prefix.ts";
import { Hidden, hiddenKind, type Report } from "./option-problems.ts";
import type { RedisConfig } from "./options.ts";
import { hasControlCharacter, isDirectiveName, reservedReason } from "./server-config.ts";

/** Directives whose values are not shown in messages. */
const SECRET = /pass|auth|^user$/i;

export function validatePassword(
  value: unknown,
  report: Report,
  option = "password",
): string | true | undefined {
  if (value === undefined || value === true) return value;
  if (typeof value === "string" && value !== "" && !hasControlCharacter(value)) return value;
  // Not shown, not even an invalid one: it may be valid elsewhere.
  return report(
    option,
    hiddenKind(value),
    "true or a string of at least one character, without control characters",
  );
}

export function validateLabels(value: unknown, report: Report): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report("labels", value, "an object of strings by label");
    return {};
  }
  for (const [name, label] of Object.entries(value)) {
    if (name === "" || name.startsWith("org.testcontainers") || name.startsWith(LABEL_PREFIX)) {
      report(
        `labels[${JSON.stringify(name)}]`,
        label,
        `a name that is not empty and starts with neither "org.testcontainers" nor "${LABEL_PREFIX}"`,
      );
    } else if (typeof label !== "string") {
      report(`labels[${JSON.stringify(name)}]`, label, "a string");
    }
  }
  return { ...(value as Record<string, string>) };
}

export function validateConfig(value: unknown, report: Report): RedisConfig {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report("config", hiddenKind(value), "an object of redis.conf directives by name");
    return {};
  }
  for (const [name, given] of Object.entries(value)) {
    const option = `config[${JSON.stringify(name)}]`;
    const reserved = reservedReason(name.toLowerCase());
    const shown = SECRET.test(name) ? new Hidden("a secret") : given;
    if (reserved !== undefined) report(option, shown, "no such directive in `config`", sentence(reserved));
    else if (!isDirectiveName(name))
      report(option, shown, "the name of a directive, of lowercase letters, digits and dashes");
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (values.length === 0) report(option, given, "at least one value");
    for (const each of values) {
      const fits =
        typeof each === "boolean" ||
        (typeof each === "number" && Number.isFinite(each)) ||
        (typeof each === "string" && !hasControlCharacter(each));
      if (!fits)
        report(
          option,
          SECRET.test(name) ? new Hidden("a secret") : each,
          "a string without control characters, a number or a boolean, or an array of these",
        );
    }
    if (
      name === "cluster-config-file" &&
      !(typeof given === "string" && /^[A-Za-z0-9_][\w.-]*$/.test(given))
    ) {
      report(option, given, 'a file name without a folder, such as "nodes.conf"');
    }
  }
  return { ...(value as RedisConfig) };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
