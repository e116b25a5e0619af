import { RedisClusterError } from "./errors.ts";
import type { EvidenceSource } from "./evidence/evidence.ts";
import { ClusterHistory, type HistoryView } from "./evidence/history.ts";
import { nodesAtFailure } from "./evidence/node-states.ts";
import { type SaveEvidenceOptions, saveEvidence } from "./evidence/save-evidence.ts";
import { withEvidence } from "./evidence/with-evidence.ts";
import { evidenceSource } from "./evidence-source.ts";
import type { ObservableParts } from "./observable-cluster.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";

/** Where evidence goes that is asked for without a folder, where neither option nor environment name one. */
const DEFAULT_EVIDENCE_DIR = "evidence";
/** Failures of the cluster. A wrong argument, or an abort that was asked for, needs no explanation. */
const FAILURES: ReadonlySet<string> = new Set([
  "WAIT_TIMEOUT",
  "ENGINE_FAILED",
  "FAILOVER_TIMEOUT",
  "FAILOVER_IMPOSSIBLE",
  "RESET_FAILED",
  "CLEANUP_FAILED",
]);

/** The part of a started cluster that remembers what happened to it, and writes that down where something fails. */
export class RecordedCluster {
  /** The plan it was made by. */
  readonly plan: ClusterPlan;
  protected readonly recorder: ClusterHistory = new ClusterHistory();
  readonly #evidence: EvidenceSource;
  readonly #evidenceDir: string | undefined;

  constructor(parts: ObservableParts) {
    this.plan = parts.plan;
    this.#evidence = evidenceSource(parts, this.recorder);
    this.#evidenceDir = parts.evidenceDir;
  }

  /**
   * What happened since the start, or the last `reset()`: faults, observed failovers, ledgers of workloads, seeds, and
   * the errors of calls that waited or did something. The last 200 of each. Of this handle: what others of the same
   * cluster do, it does not know.
   */
  get history(): HistoryView {
    return this.recorder;
  }

  /**
   * Asks every node and the engine for all that is known, within about three seconds and however sick the cluster is,
   * and writes it as files: `README.txt` tells what is what. Secrets are replaced by `***`. Nobody cleans the files up.
   * It changes nothing in the cluster, and works after `stop()` as well, with what is known by then.
   *
   * @param folder where to write, which is made where it is missing; files of the same names are replaced. Default: a
   * folder of its own in `evidenceDir` or, where that is not set, in `evidence` in the current directory.
   * @param options what it is called, what was thrown, and a signal that ends the asking: what there is by then is
   * written.
   * @returns the folder's absolute path.
   * @throws the file system's own error where the files cannot be written, and nothing else.
   */
  async saveEvidence(folder?: string, options: SaveEvidenceOptions = {}): Promise<string> {
    const directory = this.#evidenceDir ?? DEFAULT_EVIDENCE_DIR;
    return await saveEvidence(this.#evidence, folder === undefined ? { directory } : { folder }, options);
  }

  /** Notes what a call threw, and gives what is to be thrown: with its evidence where that is wanted. */
  protected async failed(phase: string, error: unknown): Promise<unknown> {
    const told =
      error instanceof RedisClusterError && FAILURES.has(error.code)
        ? await this.#explained(phase, error)
        : error;
    this.recorder.addError(phase, told);
    return told;
  }

  async #explained(phase: string, error: RedisClusterError): Promise<RedisClusterError> {
    // An inner call has told it already.
    const nodes = error.details["nodes"] ?? (await nodesAtFailure(this.#evidence));
    const explained = new RedisClusterError(error.code, error.message, {
      ...("cause" in error ? { cause: error.cause } : {}),
      details: { ...error.details, phase: error.details["phase"] ?? phase, nodes },
    });
    return this.#evidenceDir === undefined
      ? explained
      : await withEvidence(explained, this.#evidence, this.#evidenceDir, phase);
  }
}
