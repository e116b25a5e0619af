import { appendFileSync } from "node:fs";

/** Passes a line of text to the test that runs this suite, such as the name of a test's cluster. */
export function note(text: string): void {
  const file = process.env["TRC_NOTES"];
  if (file !== undefined) appendFileSync(file, `${text}\n`);
}
