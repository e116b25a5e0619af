import * as v from "valibot";
import type { Option, Schema, SchemaFacts } from "../src/schema/option.ts";

/** The longest line of a comment. */
const LINE_LENGTH = 128;

/** A type that is declared under a name. */
export interface NamedType {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema<unknown>;
  /** The type in TypeScript, if the schema does not tell all of it. */
  readonly text?: string;
}

/** An interface of options. */
export interface OptionInterface {
  readonly name: string;
  readonly description: string;
  readonly parents?: readonly string[];
  readonly table: Readonly<Record<string, Option<unknown>>>;
}

export function printType({ name, description, schema, text }: NamedType): string {
  return `${comment(description, "")}export type ${name} = ${text ?? typeText(schema, true)};\n`;
}

export function printInterface({ name, description, parents = [], table }: OptionInterface): string {
  const heritage = parents.length === 0 ? "" : ` extends ${parents.join(", ")}`;
  const members = Object.entries(table).map(([member, option]) => {
    const isRequired = option.isRequired === true;
    const type = isRequired ? typeText(option.schema) : `${typeText(option.schema)} | undefined`;
    const text = [rangeSentence(option.schema), option.description].filter(Boolean).join(" ");
    const tags = isRequired ? "" : `\n@default ${defaultOf(option)}`;
    return `${comment(`${text}${tags}`, "  ")}  readonly ${member}${isRequired ? "" : "?"}: ${type};\n`;
  });
  return `${comment(description, "")}export interface ${name}${heritage} {\n${members.join("")}}\n`;
}

/** The options that always have a value, because the table has a default for them. */
export function printDefaulted(name: string, { name: owner, table }: OptionInterface): string {
  const names = Object.keys(table).filter((member) => table[member]?.default !== undefined);
  const members = names.map((member) => `  | ${JSON.stringify(member)}`).join("\n");
  return `/** The options of {@link ${owner}} that have a default value. */\nexport type ${name} =\n${members};\n`;
}

/** The default of an option, with the environment variable that precedes it. */
export function defaultOf({ default: value, defaultText, environment }: Option<unknown>): string {
  const own = value === undefined ? (defaultText ?? "none") : JSON.stringify(value);
  return environment === undefined ? own : `the environment variable \`${environment}\`, or ${own}`;
}

/** The TypeScript type of what a schema accepts. */
export function typeText(schema: Schema<unknown>, asBody = false): string {
  const { typeName, documentedAs }: SchemaFacts = v.getMetadata(schema);
  if (typeName !== undefined && !asBody) return typeName;
  if (documentedAs !== undefined) return typeText(documentedAs);
  const known = schema as v.GenericSchema & {
    readonly options?: readonly unknown[];
    readonly literal?: unknown;
    readonly item?: Schema<unknown>;
    readonly value?: Schema<unknown>;
    readonly class?: { readonly name: string };
  };
  switch (known.type) {
    case "string":
    case "number":
    case "boolean":
      return known.type;
    case "literal":
      return JSON.stringify(known.literal);
    case "picklist":
      return (known.options ?? []).map((option) => JSON.stringify(option)).join(" | ");
    case "union":
      return (known.options ?? []).map((option) => typeText(option as Schema<unknown>)).join(" | ");
    case "array":
      return `readonly ${inArray(typeText(known.item as Schema<unknown>))}[]`;
    case "record":
      return `Readonly<Record<string, ${typeText(known.value as Schema<unknown>)}>>`;
    case "instance":
      return known.class?.name ?? "object";
    default:
      throw new Error(`the schema of type ${known.type} needs a typeName or documentedAs`);
  }
}

function inArray(type: string): string {
  return type.includes(" | ") ? `(${type})` : type;
}

/** The range of a number, which its type does not show. */
export function rangeSentence(schema: Schema<unknown>): string {
  if (schema.type !== "number") return "";
  const result = v.safeParse(schema, Number.NaN);
  const allowed = result.issues?.[0].message ?? "";
  return allowed === "" ? "" : `${allowed.charAt(0).toUpperCase()}${allowed.slice(1)}.`;
}

/** A text as a comment of lines that are not too long. */
function comment(text: string, indent: string): string {
  const room = LINE_LENGTH - indent.length - 3;
  const lines = text.split("\n").flatMap((line) => wrap(line, room));
  if (lines.length === 1 && lines[0] !== undefined && lines[0].length <= room - 4) {
    return `${indent}/** ${lines[0]} */\n`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

function wrap(line: string, room: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > room) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
