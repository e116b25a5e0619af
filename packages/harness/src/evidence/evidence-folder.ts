import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** So long that a test's name can be told by it, and so short that the path fits Windows. */
const SLUG_LENGTH = 60;

/**
 * Makes a folder of its own for one bundle, called after the time, the cluster and what failed, and gives its absolute
 * path. A name that is taken gets a number behind it. The folders above it are made where they are missing.
 */
export async function createEvidenceFolder(
  directory: string,
  bundle: { readonly at: number; readonly cluster: string; readonly title: string },
): Promise<string> {
  const base = resolve(directory);
  await mkdir(base, { recursive: true });
  const time = new Date(bundle.at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const name = [time, slug(bundle.cluster), slug(bundle.title)].filter((part) => part !== "").join("-");
  for (let count = 1; ; count += 1) {
    const folder = join(base, count === 1 ? name : `${name}-${count}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof Error && Reflect.get(error, "code") === "EEXIST")) throw error;
    }
  }
}

/** Small letters, digits and dashes: safe in the names of files everywhere. */
function slug(text: string): string {
  const safe = text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-");
  return safe.replace(/^-/, "").slice(0, SLUG_LENGTH).replace(/-$/, "");
}
