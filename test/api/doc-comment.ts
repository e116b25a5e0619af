import { parse } from "comment-parser";

/** The parts of a docstring. Texts are as they were written, without line breaks inside a paragraph or list item. */
export interface DocComment {
  readonly description: string;
  readonly parameters: readonly { readonly name: string; readonly text: string }[];
  readonly returns: string | undefined;
  readonly defaults: readonly string[];
  readonly throws: readonly string[];
  readonly example: string | undefined;
  readonly deprecated: string | undefined;
}

/** Reads a docstring in the form in which API Extractor writes it, which puts the text of some tags in its own paragraph. */
export function readDocComment(text: string): DocComment {
  const compact = text.replaceAll(/(@\w+)\n \*\n \* /g, "$1 ").replaceAll(/(@param [\w.]+) - /g, "$1 ");
  const [block] = parse(compact, { spacing: "preserve" });
  const tags = (name: string): readonly string[] =>
    (block?.tags ?? [])
      .filter(({ tag }) => tag === name)
      .map((tag) => [tag.name, tag.description].join(" "));
  const example = /@example\n(?: \*\n)?((?: \*.*\n)*?)(?= \*\/| \* @)/.exec(compact)?.[1];
  return {
    description: joinLines(block?.description ?? ""),
    parameters: (block?.tags ?? [])
      .filter(({ tag }) => tag === "param")
      .map(({ name, description }) => ({ name, text: joinLines(description) })),
    returns: tags("returns").map(joinLines)[0],
    defaults: tags("default").map(joinLines),
    throws: tags("throws").map(joinLines),
    example: example
      ?.split("\n")
      .map((line) => line.replace(/^ \* ?/, ""))
      .join("\n")
      .trim(),
    deprecated: tags("deprecated").map(joinLines)[0],
  };
}

/** Joins the lines of each paragraph and list item. */
function joinLines(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\n(?!\s*- )\s*/g, " "))
    .join("\n\n");
}
