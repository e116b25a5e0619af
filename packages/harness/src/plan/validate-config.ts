import { LABEL_PREFIX } from "./label-prefix.ts";
import { isObject } from "../schema/option.ts";
import { Redacted } from "../schema/format-value.ts";
import type { ReportProblem } from "../schema/option-problems.ts";
import type { RedisConfig } from "./options.generated.ts";
import { findReservedReason, hasControlCharacter, isDirectiveName } from "./server-config.ts";

/** Matches the names of directives whose values are not shown in messages. */
const SECRET_NAME = /pass|auth|^user$/i;

/** Validates the names of labels, and that their values are strings. */
export function validateLabels(labels: Readonly<Record<string, unknown>> = {}, report: ReportProblem): void {
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

/** Validates the names and values of directives, and returns a copy of them. */
export function validateConfig(value: unknown, report: ReportProblem): RedisConfig {
  // The value is not set, or has been reported already.
  if (!isObject(value)) return {};
  for (const [name, given] of Object.entries(value)) {
    const option = `config[${JSON.stringify(name)}]`;
    const reserved = findReservedReason(name.toLowerCase());
    const shown = (item: unknown): unknown => (SECRET_NAME.test(name) ? new Redacted("a secret") : item);
    if (reserved !== undefined) {
      report(option, shown(given), "no such directive in `config`", toSentence(reserved));
    } else if (!isDirectiveName(name)) {
      report(option, shown(given), "the name of a directive, of lowercase letters, digits and dashes");
    }
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (values.length === 0) report(option, given, "at least one value");
    for (const item of values) {
      if (isConfigValue(item)) continue;
      report(
        option,
        shown(item),
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

function isConfigValue(value: unknown): boolean {
  return (
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value)) ||
    (typeof value === "string" && !hasControlCharacter(value))
  );
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
