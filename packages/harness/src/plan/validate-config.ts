import { LABEL_PREFIX } from "./label-prefix.ts";
import { isObject } from "../schema/option.ts";
import { Hidden, type Report } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { hasControlCharacter, isDirectiveName, reservedReason } from "./server-config.ts";

/** Directives whose values are not shown in messages. */
const SECRET = /pass|auth|^user$/i;

/** Validates the names of labels, and that their values are strings. */
export function validateLabels(labels: Readonly<Record<string, unknown>> = {}, report: Report): void {
  for (const [name, label] of Object.entries(labels)) {
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
}

export function validateConfig(value: unknown, report: Report): RedisConfig {
  // Reported already, or not set.
  if (!isObject(value)) return {};
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
