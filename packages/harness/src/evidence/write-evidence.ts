import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EvidenceBundle } from "./evidence.ts";
import { redactor } from "./redact.ts";
import { renderEvidence } from "./render-evidence.ts";
import { secretsOfBundle } from "./find-secrets.ts";

/**
 * Writes a bundle's files into a folder, which is made where it is missing, and gives its absolute path. Files of the
 * same names are replaced. Each file is there as a whole or not at all. Secrets are replaced by `***`.
 */
export async function writeEvidence(bundle: EvidenceBundle, folder: string): Promise<string> {
  const target = resolve(folder);
  await mkdir(target, { recursive: true });
  const files = renderEvidence(bundle, redactor(secretsOfBundle(bundle)));
  await Promise.all(Object.entries(files).map(([name, text]) => writeWhole(join(target, name), text)));
  return target;
}

/** A crash leaves at most a file that is called `.tmp`. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
