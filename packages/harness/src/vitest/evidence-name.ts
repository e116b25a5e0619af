import { createHash } from "node:crypto";

/** Longest path parts that every file system takes are 255; a folder of it has to fit into Windows' 260. */
const MOST_CHARACTERS = 80;

/** A run of a test, as far as it has a folder of its own. */
export interface TestRun {
  /** The name of the Vitest project; undefined or empty if there is only one. */
  readonly project?: string | undefined;
  readonly file: string;
  /** The test's full name. */
  readonly test: string;
  /** How many tests of the same file have the same name and come before. */
  readonly namesake?: number | undefined;
  readonly repeat?: number | undefined;
  readonly retry?: number | undefined;
}

/**
 * The folder's name for what a failed test leaves: project, file and test, readable, safe on every file system, the same
 * in every run. Six characters of a hash keep names apart that only differ in what was replaced or cut.
 */
export function evidenceName({
  project = "",
  file,
  test,
  namesake = 0,
  repeat = 0,
  retry = 0,
}: TestRun): string {
  const readable = `${project} ${file.replace(/\.[cm]?[jt]sx?$/, "")} ${test}`
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase()
    .slice(0, MOST_CHARACTERS)
    .replace(/-$/, "");
  const hash = createHash("sha256")
    .update([...(project === "" ? [] : [project]), file, test].join("\n"))
    .digest("hex")
    .slice(0, 6);
  const counted = [
    ...(namesake > 0 ? [`-${namesake + 1}`] : []),
    ...(repeat > 0 ? [`-repeat-${repeat}`] : []),
    ...(retry > 0 ? [`-retry-${retry}`] : []),
  ];
  return `${readable}-${hash}${counted.join("")}`;
}
