import { RedisClusterError } from "../errors.ts";
import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceSource } from "./evidence.ts";
import type { ClusterHistory, HistoryView } from "./cluster-history.ts";
import { LAST_LINES, nodesAtFailure } from "./nodes-at-failure.ts";
import { type SaveEvidenceOptions, saveEvidence } from "./save-evidence.ts";
import { withEvidence } from "./with-evidence.ts";

/** Records what happens to a cluster, and writes it to files. */
export interface ClusterDiagnostics {
  /**
   * What happened since the start or the last `reset()`: faults, observed failovers, ledgers of workloads, seeds, and the
   * errors of calls. It contains the last 200 of each kind, of this handle only: other handles of the same cluster have their own
   * history.
   */
  readonly history: HistoryView;

  /**
   * Collects everything that is known about the cluster and writes it to files; `README.txt` explains them. It takes about
   * three seconds at most, also if nodes or the engine do not answer. Secrets are replaced by `***`. The cluster is not changed.
   * After `stop()` the files contain what is known by then. The library never deletes the files.
   *
   * @param folder the folder to write to. It is created if it does not exist, and files with the same names are replaced.
   * @default folder a new folder in the option `evidenceDir` or, if that is not set, in `evidence` in the current directory
   * @param options the title, the error of the test, and a signal that ends the collection: what is known by then is written.
   * @returns the absolute path of the folder.
   * @throws the error of the file system if the files cannot be written. Nothing else is thrown.
   */
  saveEvidence(folder?: string, options?: SaveEvidenceOptions): Promise<string>;
}

/** Where evidence is written if neither the caller, nor the options, nor the environment name a folder. */
const DEFAULT_EVIDENCE_DIR = "evidence";
/** The time in which the state of the nodes is collected for an error that saves no files. */
const QUICK_TIMEOUT_MS = 1_000;
/** Failures of the cluster. A wrong argument, or an abort by the caller, needs no explanation. */
const FAILURES: ReadonlySet<string> = new Set([
  "WAIT_TIMEOUT",
  "ENGINE_FAILED",
  "FAILOVER_TIMEOUT",
  "FAILOVER_IMPOSSIBLE",
  "RESET_FAILED",
  "CLEANUP_FAILED",
]);

/** Records the history of one handle, explains the errors of its calls, and saves evidence. */
export class DiagnosticsRecorder implements ClusterDiagnostics {
  readonly history: ClusterHistory;
  readonly #source: EvidenceSource;
  readonly #evidenceDir: string | undefined;

  /**
   * @param source reads from the cluster, and has the same history.
   * @param evidenceDir where the errors of calls save their evidence. Undefined: they save no evidence.
   */
  constructor(source: EvidenceSource, history: ClusterHistory, evidenceDir: string | undefined) {
    this.#source = source;
    this.history = history;
    this.#evidenceDir = evidenceDir;
  }

  async saveEvidence(folder?: string, options: SaveEvidenceOptions = {}): Promise<string> {
    const directory = this.#evidenceDir ?? DEFAULT_EVIDENCE_DIR;
    return await saveEvidence(this.#source, folder === undefined ? { directory } : { folder }, options);
  }

  /**
   * Records what a call threw, and returns what the call throws to its caller. If the cluster has failed, the returned error
   * contains the state of the nodes.
   */
  async explain(phase: string, error: unknown): Promise<unknown> {
    const explained =
      error instanceof RedisClusterError && FAILURES.has(error.code)
        ? await this.#withNodes(phase, error)
        : error;
    this.history.addError(phase, explained);
    return explained;
  }

  async #withNodes(phase: string, error: RedisClusterError): Promise<RedisClusterError> {
    // An inner call has explained it already.
    if ("nodes" in error.details && "phase" in error.details) return error;
    const bundle = await collectEvidence(this.#source, {
      error,
      // Without files, the collection must not delay the error much.
      ...(this.#evidenceDir === undefined
        ? { signal: AbortSignal.timeout(QUICK_TIMEOUT_MS), logLines: LAST_LINES }
        : {}),
    });
    const explained = new RedisClusterError(error.code, error.message, {
      ...("cause" in error ? { cause: error.cause } : {}),
      details: { phase, nodes: nodesAtFailure(bundle), ...error.details },
    });
    return this.#evidenceDir === undefined
      ? explained
      : await withEvidence(explained, bundle, this.#evidenceDir, phase);
  }
}
