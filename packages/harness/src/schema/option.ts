import * as v from "valibot";

/** A valibot schema. The message of each of its issues completes "expected …". */
export type Schema<T> = v.GenericSchema<unknown, T>;

/** One option. Its type, its validation and its documentation are generated from this description. */
export interface Option<T> {
  readonly schema: Schema<T>;
  /** Sentences in Markdown, for the docstring and the reference page. */
  readonly description: string;
  /** The value if neither the caller nor the environment sets the option. */
  readonly default?: T | undefined;
  /** The default in words, if it is computed. */
  readonly defaultText?: string | undefined;
  /** The environment variable that sets the option if the caller does not. A schema of numbers reads it as a number. */
  readonly environment?: string | undefined;
  /** What to do about an invalid value, in one sentence, if the allowed values alone do not explain it. */
  readonly remedy?: string | undefined;
  /** Whether messages must not show the value. */
  readonly secret?: boolean | undefined;
  /** Whether the option must be set. */
  readonly isRequired?: boolean | undefined;
}

/** The options of an interface. Each property of the interface needs an entry of its type, and no other entry is allowed. */
export type OptionTable<T> = { readonly [Name in keyof T]-?: Option<NonNullable<T[Name]>> };

/** Facts for the generator of types and pages that it cannot read from a schema. */
export interface SchemaFacts {
  /** The name of the type. */
  readonly typeName?: string;
  /** A schema that describes the accepted values, if a function validates them. */
  readonly documentedAs?: Schema<unknown>;
}

/** An integer from `min` to `max`, both included. */
export function integer(min: number, max: number): Schema<number> {
  const allowed = `an integer from ${min} to ${max}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
}

/** A number from `min` to `max`, both included. */
export function numberFrom(min: number, max: number): Schema<number> {
  const allowed = `a number from ${min} to ${max}`;
  return v.pipe(v.number(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
}

/** A number above `min`, up to `max`. @param allowed completes "expected …". */
export function numberAbove(
  min: number,
  max: number,
  allowed = `a number above ${min}, up to ${max}`,
): Schema<number> {
  return v.pipe(v.number(allowed), v.gtValue(min, allowed), v.maxValue(max, allowed));
}

/** One of several strings. @param typeName the name of its type, if that has a declaration of its own. */
export function choice<const T extends string>(values: readonly T[], typeName?: string): Schema<T> {
  const allowed = `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
  return withFacts(v.picklist(values, allowed), typeName === undefined ? {} : { typeName });
}

/** A boolean. */
export function flag(): Schema<boolean> {
  return v.boolean("true or false");
}

/** A string for which `isValid` returns true. @param allowed completes "expected …". */
export function text(allowed: string, isValid: (value: string) => boolean = () => true): Schema<string> {
  return v.pipe(v.string(allowed), v.check(isValid, allowed));
}

/**
 * A value that a function validates.
 *
 * @param allowed completes "expected …".
 * @param facts the name of its type, or a schema that describes it.
 */
export function checked<T>(
  allowed: string,
  isValid: (value: unknown) => boolean,
  facts: SchemaFacts,
): Schema<T> {
  return withFacts(v.custom<T>(isValid, allowed), facts);
}

/** An object whose properties are validated by other code. @param allowed completes "expected …". */
export function object<T>(allowed: string, facts: SchemaFacts): Schema<T> {
  return checked(allowed, isObject, facts);
}

/** An instance of a class. @param allowed completes "expected …". */
export function instanceOf<T>(allowed: string, type: abstract new (...args: never[]) => T): Schema<T> {
  return v.instance(type as new (...args: never[]) => T, allowed);
}

// The following schemas only describe values that other code validates: see SchemaFacts.documentedAs.

export function anyText(): Schema<string> {
  return v.string();
}

export function anyNumber(): Schema<number> {
  return v.number();
}

export function onlyTrue(): Schema<true> {
  return v.literal(true);
}

export function listOf<T>(schema: Schema<T>, minLength = 0): Schema<T[]> {
  return minLength === 0 ? v.array(schema) : v.pipe(v.array(schema), v.minLength(minLength));
}

export function recordOf<T>(schema: Schema<T>): Schema<Record<string, T>> {
  return v.record(v.string(), schema);
}

export function anyOf<const T extends readonly Schema<unknown>[]>(
  ...schemas: T
): Schema<v.InferOutput<T[number]>> {
  return v.union(schemas) as Schema<v.InferOutput<T[number]>>;
}

/** A value whose type is declared elsewhere under a name. */
export function typeNamed<T>(typeName: string, schema: Schema<T> = v.custom<T>(() => true)): Schema<T> {
  return withFacts(schema, { typeName });
}

/** Returns whether a value is an object other than an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withFacts<T>(schema: Schema<T>, facts: SchemaFacts): Schema<T> {
  return v.pipe(schema, v.metadata({ ...facts })) as Schema<T>;
}
