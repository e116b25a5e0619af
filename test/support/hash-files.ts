import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";

/** Returns a short hash of files, and of the names and contents of all files in folders, except installed packages. */
export async function hashFiles(...paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of paths) {
    if ((await stat(folder)).isFile()) {
      hash.update(await readFile(folder));
      continue;
    }
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.filter((name) => !name.includes("node_modules")).toSorted())
      hash.update(`${relative(folder, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 12);
}
