import { messageOf, RedisClusterError } from "../errors.ts";
import type { EvidenceSource } from "./evidence.ts";
import { saveEvidence } from "./save-evidence.ts";

/** Where the evidence of an error is, or why it is nowhere. */
export interface EvidenceNote {
  readonly line: string;
  readonly details: { readonly evidence: string } | { readonly evidenceError: string };
}

/** Saves the evidence of an error in a folder of its own in the directory. Never rejects: it must hide no error. */
export async function noteEvidence(
  error: RedisClusterError,
  source: EvidenceSource,
  directory: string,
  title: string,
): Promise<EvidenceNote> {
  try {
    const evidence = await saveEvidence(source, { directory }, { title, error });
    return { line: `Evidence: ${evidence}`, details: { evidence } };
  } catch (failure) {
    const evidenceError = messageOf(failure);
    return { line: `The evidence could not be written: ${evidenceError}`, details: { evidenceError } };
  }
}

/** The same error with the note at the end of its message and in its details. */
export function withNote(error: RedisClusterError, { line, details }: EvidenceNote): RedisClusterError {
  return new RedisClusterError(error.code, `${error.message}\n${line}`, {
    ...("cause" in error ? { cause: error.cause } : {}),
    details: { ...error.details, ...details },
  });
}

/** Both at once; an error that has a note already, from an inner call, is left as it is. */
export async function withEvidence(
  error: RedisClusterError,
  source: EvidenceSource,
  directory: string,
  title: string,
): Promise<RedisClusterError> {
  if ("evidence" in error.details || "evidenceError" in error.details) return error;
  return withNote(error, await noteEvidence(error, source, directory, title));
}
