import { ApiCalls } from "./cluster/api-calls.ts";
import { type ClusterDiagnostics, DiagnosticsRecorder } from "./evidence/cluster-diagnostics.ts";
import { evidenceSource } from "./evidence/evidence-source.ts";
import { ClusterHistory, type HistoryView } from "./evidence/history.ts";
import type { SaveEvidenceOptions } from "./evidence/save-evidence.ts";
import type { ObservableParts } from "./observable-cluster.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";

/** The part of a started cluster that records what happened. */
export class RecordedCluster implements ClusterDiagnostics {
  /** The plan it was made by. */
  readonly plan: ClusterPlan;
  protected readonly recorder: ClusterHistory = new ClusterHistory();
  protected readonly calls: ApiCalls;
  readonly #diagnostics: DiagnosticsRecorder;

  constructor(parts: ObservableParts) {
    this.plan = parts.plan;
    const diagnostics = new DiagnosticsRecorder(
      evidenceSource(parts, this.recorder),
      this.recorder,
      parts.evidenceDir,
    );
    this.#diagnostics = diagnostics;
    this.calls = new ApiCalls(parts.plan, (phase, error) => diagnostics.explain(phase, error));
  }

  get history(): HistoryView {
    return this.#diagnostics.history;
  }

  async saveEvidence(folder?: string, options: SaveEvidenceOptions = {}): Promise<string> {
    return await this.#diagnostics.saveEvidence(folder, options);
  }
}
