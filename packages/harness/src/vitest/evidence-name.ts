import { createHash } from "node:crypto";

/** File systems allow 255 characters for one part of a path. This is less, because Windows limits a whole path to 260. */
const MAX_READABLE_CHARACTERS = 80;

/** What distinguishes the evidence folder of one run of a test. */
export interface TestRun {
  /** The name of the Vitest project; undefined or empty if there is only one. */
  readonly project?: string | undefined;
  readonly file: string;
  /** The full name of the test. */
  readonly test: string;
  /** The number of earlier tests of the same file with the same name. @default 0 */
  readonly duplicateIndex?: number | undefined;
  /** @default 0 */
  readonly repeat?: number | undefined;
  /** @default 0 */
  readonly retry?: number | undefined;
}

/**
 * Returns the name of the evidence folder of a failed test: project, file and test, readable, valid on every file system, and the
 * same in every run. Six characters of a hash distinguish names that differ only in replaced or removed characters.
 */
export function evidenceName({
  project = "",
  file,
  test,
  duplicateIndex = 0,
  repeat = 0,
  retry = 0,
}: TestRun): string {
  const readable = `${project} ${file.replace(/\.[cm]?[jt]sx?$/, "")} ${test}`
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase()
    .slice(0, MAX_READABLE_CHARACTERS)
    .replace(/-$/, "");
  const hash = createHash("sha256")
    .update([...(project === "" ? [] : [project]), file, test].join("\n"))
    .digest("hex")
    .slice(0, 6);
  const suffixes = [
    ...(duplicateIndex > 0 ? [`-${duplicateIndex + 1}`] : []),
    ...(repeat > 0 ? [`-repeat-${repeat}`] : []),
    ...(retry > 0 ? [`-retry-${retry}`] : []),
  ];
  return `${readable}-${hash}${suffixes.join("")}`;
}
