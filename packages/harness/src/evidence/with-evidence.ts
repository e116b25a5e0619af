import { messageOf, RedisClusterError } from "../errors.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { saveBundle } from "./save-evidence.ts";

/**
 * Saves the evidence of an error in a new folder of a directory, and returns the error with the path, or with the reason why the
 * evidence could not be written. An error that has a path already, from an inner call, is returned as it is. Never rejects.
 */
export async function withEvidence(
  error: RedisClusterError,
  bundle: EvidenceBundle,
  directory: string,
  title: string,
): Promise<RedisClusterError> {
  if ("evidence" in error.details || "evidenceError" in error.details) return error;
  const { line, details } = await saved({ ...bundle, error, title }, directory);
  return new RedisClusterError(error.code, `${error.message}\n${line}`, {
    ...("cause" in error ? { cause: error.cause } : {}),
    details: { ...error.details, ...details },
  });
}

async function saved(
  bundle: EvidenceBundle,
  directory: string,
): Promise<{ readonly line: string; readonly details: Readonly<Record<string, string>> }> {
  try {
    const evidence = await saveBundle(bundle, { directory });
    return { line: `Evidence: ${evidence}`, details: { evidence } };
  } catch (failure) {
    const evidenceError = messageOf(failure);
    return { line: `The evidence could not be written: ${evidenceError}`, details: { evidenceError } };
  }
}
