import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EvidenceBundle } from "./evidence.ts";
import { redactor } from "./redact.ts";
import { renderEvidence } from "./render-evidence.ts";
import { secretsOfBundle } from "./find-secrets.ts";

/**
 * Writes the files of a bundle to a folder, and returns its absolute path. The folder is created if it does not exist. Files with
 * the same names are replaced. Each file is written completely or not at all. Secrets are replaced by `***`.
 */
export async function writeEvidence(bundle: EvidenceBundle, folder: string): Promise<string> {
  const target = resolve(folder);
  await mkdir(target, { recursive: true });
  const files = renderEvidence(bundle, redactor(secretsOfBundle(bundle)));
  await Promise.all(Object.entries(files).map(([name, text]) => writeAtomically(join(target, name), text)));
  return target;
}

/** Writes a file under a temporary name, and then renames it. A crash leaves at most a file that ends in `.tmp`. */
async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
