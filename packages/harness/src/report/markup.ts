import { htmlEscape } from "escape-goat";

/** HTML or SVG. Only {@link markup} creates it, and the constructor accepts only trusted text. */
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
 * Creates HTML or SVG from a tagged template. Every value is escaped unless it is markup itself, so that no text of a user or
 * server can become a tag. `undefined` adds nothing.
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

/** Replaces what XML cannot represent: lone surrogates, and control characters except three. Keys may contain both. */
function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd");
}
