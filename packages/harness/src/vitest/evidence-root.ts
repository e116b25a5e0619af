import { EVIDENCE_VARIABLE } from "../plan/cluster-options.ts";

/** Relative to the folder in which Vitest was started. Version control usually ignores `node_modules`. */
const DEFAULT_FOLDER = "node_modules/.cache/testcontainers-redis-cluster/evidence";

/** Returns the folder that contains the evidence folders of tests. */
export function evidenceRoot(evidenceDir: string | undefined): string {
  return evidenceDir ?? (process.env[EVIDENCE_VARIABLE] || DEFAULT_FOLDER);
}
