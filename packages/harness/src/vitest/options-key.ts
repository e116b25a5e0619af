/** Functions and instances of classes have no text that identifies them, so each gets a number. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * Returns a text that is the same for equal options: the order of properties and properties that are undefined do not matter.
 * Functions, such as `configureNode`, are equal only if they are the same object.
 */
export function optionsKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(optionsKey).join(",")}]`;
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    return isPlain(value) ? plainKey(value) : `#${identityOf(value)}`;
  }
  // JSON cannot represent undefined and bigints, and represents NaN as null.
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function plainKey(value: object): string {
  const properties = Object.entries(value)
    .filter(([, property]) => property !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, property]) => `${JSON.stringify(name)}:${optionsKey(property)}`);
  return `{${properties.join(",")}}`;
}

function isPlain(value: object): boolean {
  if (typeof value === "function") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Includes the Object.prototype of another realm: the vm pools of Vitest have several realms.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function identityOf(value: object): number {
  const known = identities.get(value);
  if (known !== undefined) return known;
  lastIdentity += 1;
  identities.set(value, lastIdentity);
  return lastIdentity;
}
