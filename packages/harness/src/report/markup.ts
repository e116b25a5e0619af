import { htmlEscape } from "escape-goat";

/** Text that is HTML or SVG already, made by {@link markup} only. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | readonly Markup[] | undefined;

/**
 * A template tag for HTML and SVG. Every value is escaped unless it is markup itself, so that nothing from users or
 * servers can become a tag by being forgotten. `undefined` gives nothing.
 */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const [first = "", ...rest] = strings;
  return new Markup(first + rest.map((text, index) => asText(parts[index]) + text).join(""));
}

function asText(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "string" || typeof part === "number") return htmlEscape(printable(String(part)));
  return part.map(({ text }) => text).join("");
}

/** XML has no way to write control characters but three, nor half a surrogate pair; keys may contain both. */
function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd");
}
