/** Functions and objects of classes have no text that tells them apart, so each gets a number. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * One text for all options that mean the same: the order of properties and those that are undefined do not matter.
 * Functions, such as `configureNode`, are the same only where they are the same object.
 */
export function optionsKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(optionsKey).join(",")}]`;
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    return isPlain(value) ? plainKey(value) : `#${identityOf(value)}`;
  }
  // JSON has no word for these, and NaN would be taken for null.
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function plainKey(value: object): string {
  const parts = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${optionsKey(each)}`);
  return `{${parts.join(",")}}`;
}

function isPlain(value: object): boolean {
  if (typeof value === "function") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Another realm's Object.prototype is one too: Vitest's vm pools have several.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function identityOf(value: object): number {
  const known = identities.get(value);
  if (known !== undefined) return known;
  lastIdentity += 1;
  identities.set(value, lastIdentity);
  return lastIdentity;
}
