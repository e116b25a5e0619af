/** Notes that an option is wrong. Gives undefined, for the value that is not there. */
export type Report = (option: string, given: unknown, allowed: string) => undefined;

/** Stands for a value that must not be shown. */
export class Hidden {
  readonly description: string;
  constructor(description: string) {
    this.description = description;
  }
}

export function show(value: unknown): string {
  if (value instanceof Hidden) return value.description;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    try {
      return JSON.stringify(value);
    } catch {
      return "an object that cannot be shown";
    }
  }
  return String(value);
}
