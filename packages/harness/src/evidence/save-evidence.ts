import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceBundle, EvidenceSource } from "./evidence.ts";
import { createEvidenceFolder } from "./evidence-folder.ts";
import { redactor } from "./redact.ts";
import { secretsOfBundle } from "./find-secrets.ts";
import { writeEvidence } from "./write-evidence.ts";

/** Where evidence is written: to exactly this folder, or to a new folder in a directory. */
export type EvidenceLocation = { readonly folder: string } | { readonly directory: string };

/** The options of saving evidence. */
export interface SaveEvidenceOptions {
  /**
   * One line for the first line of `README.txt` and for the name of the folder, such as the name of the test.
   * @default the first line of the error's message or, without an error, "evidence"
   */
  readonly title?: string | undefined;
  /** The error that made the test fail. */
  readonly error?: unknown;
  /** Ends the collection. What is known by then is written. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Collects everything that is known, writes it, and returns the absolute path of the folder. Rejects only if it cannot be
 * written.
 */
export async function saveEvidence(
  source: EvidenceSource,
  location: EvidenceLocation,
  options: SaveEvidenceOptions = {},
): Promise<string> {
  return await saveBundle(await collectEvidence(source, options), location);
}

/** Writes collected evidence, and returns the absolute path of the folder. */
export async function saveBundle(bundle: EvidenceBundle, location: EvidenceLocation): Promise<string> {
  if ("folder" in location) return await writeEvidence(bundle, location.folder);
  const { plan, at } = bundle;
  // The name of the folder is public as well.
  const title = redactor(secretsOfBundle(bundle))(bundle.title);
  const folder = await createEvidenceFolder(location.directory, {
    at,
    cluster: plan?.name ?? "no-cluster",
    title,
  });
  return await writeEvidence(bundle, folder);
}
