import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Long enough to recognize the name of a test, and short enough for the path limit of Windows. */
const MAX_SLUG_LENGTH = 60;

/**
 * Creates a new folder for one bundle, and returns its absolute path. Its name consists of the time, the cluster and the title.
 * If the name exists already, a number is appended. Missing parent folders are created.
 */
export async function createEvidenceFolder(
  directory: string,
  bundle: { readonly at: number; readonly cluster: string; readonly title: string },
): Promise<string> {
  const base = resolve(directory);
  await mkdir(base, { recursive: true });
  const time = new Date(bundle.at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const name = [time, slug(bundle.cluster), slug(bundle.title)].filter((part) => part !== "").join("-");
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(base, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof Error && Reflect.get(error, "code") === "EEXIST")) throw error;
    }
  }
}

/** Reduces a text to lower-case letters, digits and dashes, which are safe in file names on every system. */
function slug(text: string): string {
  const safe = text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-");
  return safe.replace(/^-/, "").slice(0, MAX_SLUG_LENGTH).replace(/-$/, "");
}
