import { createHash } from "node:crypto";

/** Longest path parts that every file system takes are 255; a folder of it has to fit into Windows' 260. */
const MOST_CHARACTERS = 80;

/**
 * The folder's name for what a failed test leaves: file and test, readable, safe on every file system, the same in
 * every run. Six characters of a hash keep names apart that only differ in what was replaced or cut.
 */
export function evidenceName(file: string, test: string, retry = 0): string {
  const readable = `${file.replace(/\.[cm]?[jt]sx?$/, "")} ${test}`
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase()
    .slice(0, MOST_CHARACTERS)
    .replace(/-$/, "");
  const hash = createHash("sha256").update(`${file}\n${test}`).digest("hex").slice(0, 6);
  return `${readable}-${hash}${retry > 0 ? `-retry-${retry}` : ""}`;
}
