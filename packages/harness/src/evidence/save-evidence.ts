import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceSource } from "./evidence.ts";
import { makeEvidenceFolder } from "./evidence-folder.ts";
import { redactor } from "./redact.ts";
import { secretsOfBundle } from "./secrets-of.ts";
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

/** Asks for everything that is known and writes it. Gives the folder's absolute path; rejects only where it cannot be written. */
export async function saveEvidence(
  source: EvidenceSource,
  place: EvidencePlace,
  options: SaveEvidenceOptions = {},
): Promise<string> {
  const bundle = await collectEvidence(source, options);
  if ("folder" in place) return await writeEvidence(bundle, place.folder);
  const { plan, at } = bundle;
  // The folder's name is read by everybody, too.
  const title = redactor(secretsOfBundle(bundle))(bundle.title);
  const folder = await makeEvidenceFolder(place.directory, {
    at,
    cluster: plan?.name ?? "no-cluster",
    title,
  });
  return await writeEvidence(bundle, folder);
}
