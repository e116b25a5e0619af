import type { Answer } from "./answer.ts";
import { collectEvidence } from "./collect-evidence.ts";
import type { EvidenceBundle, EvidenceSource, NodeEvidence } from "./evidence.ts";
import { describeNodes } from "./describe-nodes.ts";
import { redactor } from "./redact.ts";
import { secretsOfBundle } from "./secrets-of.ts";

/** What is known of one node when something failed. */
export interface NodeAtFailure {
  readonly node: string;
  /** What the engine says of its container and, in a sentence, what the node says of the cluster. */
  readonly said: string;
  readonly lastLines: readonly string[];
}

const LAST_LINES = 10;
/** An error is not to come much later because of what it tells. */
const LIMIT_MS = 1_000;

/**
 * Every node's state, view and last lines, as far as they can be had within a second. Never rejects. They become part of
 * an error, which runners print: without secrets.
 */
export async function nodesAtFailure(source: EvidenceSource): Promise<readonly NodeAtFailure[]> {
  const bundle: EvidenceBundle = await collectEvidence(source, {
    signal: AbortSignal.timeout(LIMIT_MS),
    logLines: LAST_LINES,
  });
  const sentences = describeNodes(bundle);
  const redact = redactor(secretsOfBundle(bundle));
  return bundle.nodes.map((node: NodeEvidence, index) => ({
    node: node.name,
    said: redact(sentences[index] ?? ""),
    lastLines: linesOf(node.log).map(redact),
  }));
}

function linesOf(log: Answer<string>): readonly string[] {
  return log.kind === "answered" ? log.value.trimEnd().split(/\r?\n/).filter(Boolean) : [];
}
