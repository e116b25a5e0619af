import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Option, Schema, SchemaFacts } from "../src/schema/option.ts";
import { defaultOf, type OptionInterface } from "./print-types.ts";

type Json = Record<string, unknown>;

/** The JSON Schema of the options of a cluster: of those that JSON can contain. */
export function printJsonSchema(main: OptionInterface, nested: readonly OptionInterface[]): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: main.name,
    ...objectSchema(main),
    definitions: Object.fromEntries(nested.map((each) => [each.name, objectSchema(each)])),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function objectSchema({ description, table }: OptionInterface): Json {
  const entries = Object.entries(table);
  const required = entries.filter(([, option]) => option.isRequired === true).map(([name]) => name);
  return {
    description,
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(entries.map(([name, option]) => [name, propertySchema(option)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

function propertySchema(option: Option<unknown>): Json {
  const { schema, description, default: value, isRequired = false } = option;
  const note = isRequired ? "" : `\n\nDefault: ${defaultOf(option)}`;
  return {
    description: `${description}${note}`,
    ...jsonOf(schema),
    ...(value === undefined ? {} : { default: value }),
  };
}

function jsonOf(schema: Schema<unknown>): Json {
  const { typeName, documentedAs }: SchemaFacts = v.getMetadata(schema);
  if (documentedAs !== undefined) return jsonOf(documentedAs);
  if (schema.type === "custom") return { $ref: `#/definitions/${typeName}` };
  const parts = schema as {
    readonly pipe?: readonly { readonly type: string; readonly requirement?: number }[];
    readonly options?: readonly Schema<unknown>[];
    readonly item?: Schema<unknown>;
    readonly value?: Schema<unknown>;
  };
  switch (schema.type) {
    case "union":
      return { anyOf: (parts.options ?? []).map(jsonOf) };
    case "array":
      return {
        type: "array",
        items: jsonOf(parts.item as Schema<unknown>),
        ...minItems(parts.pipe?.find(({ type }) => type === "min_length")?.requirement),
      };
    case "record":
      return { type: "object", additionalProperties: jsonOf(parts.value as Schema<unknown>) };
    default: {
      const { $schema: _, ...json } = toJsonSchema(schema, { errorMode: "ignore" });
      return json;
    }
  }
}

function minItems(count: number | undefined): Json {
  return count === undefined ? {} : { minItems: count };
}
