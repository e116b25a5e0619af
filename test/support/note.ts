import { appendFileSync } from "node:fs";

/** Tells the test that runs this suite something: which cluster a test had, what it saw. */
export function note(text: string): void {
  const file = process.env["TRC_NOTES"];
  if (file !== undefined) appendFileSync(file, `${text}\n`);
}
