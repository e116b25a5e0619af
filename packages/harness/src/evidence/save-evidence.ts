import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceBundle, EvidenceSource } from "./evidence.ts";
import { createEvidenceFolder } from "./evidence-folder.ts";
import { redactor } from "./redact.ts";
import { secretsOfBundle } from "./find-secrets.ts";
import { writeEvidence } from "./write-evidence.ts";

/** Where evidence is to go: into exactly this folder, or into one of its own below a directory. */
export type EvidencePlace = { readonly folder: string } | { readonly directory: string };

/** What a bundle is called, what was thrown, and how long may be asked for it. */
export interface SaveEvidenceOptions {
  /** One line for the head of the README and the folder's name, such as the test's name. Default: the error's message. */
  readonly title?: string | undefined;
  /** What made the test fail. */
  readonly error?: unknown;
  /** Ends the asking; what there is by then is written. */
  readonly signal?: AbortSignal | undefined;
}

/** Collects everything that is known and writes it. Returns the absolute path of the folder; rejects only if it cannot be written. */
export async function saveEvidence(
  source: EvidenceSource,
  place: EvidencePlace,
  options: SaveEvidenceOptions = {},
): Promise<string> {
  return await saveBundle(await collectEvidence(source, options), place);
}

/** Writes evidence that was collected. Returns the absolute path of the folder. */
export async function saveBundle(bundle: EvidenceBundle, place: EvidencePlace): Promise<string> {
  if ("folder" in place) return await writeEvidence(bundle, place.folder);
  const { plan, at } = bundle;
  // The name of the folder is visible to everybody.
  const title = redactor(secretsOfBundle(bundle))(bundle.title);
  const folder = await createEvidenceFolder(place.directory, {
    at,
    cluster: plan?.name ?? "no-cluster",
    title,
  });
  return await writeEvidence(bundle, folder);
}
