import { parse } from "comment-parser";

/** The parts of a docstring. Texts are as they were written, without line breaks inside a paragraph or list item. */
export interface DocComment {
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly returns: string | undefined;
  readonly defaults: readonly string[];
  readonly throws: readonly string[];
  readonly example: string | undefined;
  readonly deprecated: string | undefined;
}

interface Parameter {
  /** Such as `options.timeoutMs`. */
  readonly name: string;
  readonly text: string;
  readonly defaultValue: string | undefined;
}

/** Reads a docstring in the form in which API Extractor writes it, which puts the text of some tags in its own paragraph. */
export function readDocComment(text: string): DocComment {
  const compact = text
    .replaceAll(/(@\w+)\n \*\n \* /g, "$1 ")
    .replaceAll(/@param[ -]+([\w.]+)(?: -)? /g, "@param $1 ");
  const [block] = parse(compact, { spacing: "preserve" });
  const tags = (block?.tags ?? []).map(({ tag, name, description }) => ({
    tag,
    name,
    text: joinLines(description),
  }));
  const textsOf = (wanted: string): readonly string[] =>
    tags.flatMap(({ tag, name, text: rest }) => (tag === wanted ? [`${name} ${rest}`.trim()] : []));
  // The parser finds tags only at the beginning of a line.
  const [description = "", inlineDefault] = joinLines(block?.description ?? "").split(/\s+@default\s+/);
  return {
    description,
    parameters: tags.flatMap(({ tag, name, text: rest }) => {
      if (tag !== "param") return [];
      const [meaning = "", defaultValue] = rest.split(/\s+@default\s+/);
      return [{ name, text: meaning, defaultValue }];
    }),
    returns: textsOf("returns")[0],
    defaults: [...(inlineDefault === undefined ? [] : [inlineDefault]), ...textsOf("default")],
    throws: textsOf("throws"),
    example: readExample(compact),
    deprecated: textsOf("deprecated")[0],
  };
}

/** Reads an example with its line breaks. */
function readExample(text: string): string | undefined {
  const lines = text.split("\n").map((line) => line.replace(/^ \* ?/, ""));
  const start = lines.findIndex((line) => line.startsWith("@example"));
  if (start === -1) return undefined;
  const length = lines
    .slice(start + 1)
    .findIndex((line) => line.startsWith("@") || line === " */" || line === "/");
  return [lines[start]?.slice("@example".length), ...lines.slice(start + 1, start + 1 + length)]
    .join("\n")
    .trim();
}

/** Joins the lines of each paragraph and list item. */
function joinLines(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\n(?!\s*- )\s*/g, " "))
    .join("\n\n");
}
