import { messageOf, RedisClusterError } from "../errors.ts";
import { describeNodes } from "./describe-nodes.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { mergeLogs } from "./merge-logs.ts";
import { toJsonValue } from "./json-value.ts";
import { formatReadme } from "./format-readme.ts";
import type { Redact } from "./redact.ts";
import { formatTimeline } from "./format-timeline.ts";

/** Returns the files of a bundle by name, without secrets. */
export function renderEvidence(bundle: EvidenceBundle, redact: Redact): Readonly<Record<string, string>> {
  const json = (value: unknown): string => `${JSON.stringify(toJsonValue(value, redact), undefined, 2)}\n`;
  const { view, check, nodes, history, plan, versions, error } = bundle;
  const { since, faults, errors, seeds, dropped } = history;
  // Redacted before the logs are merged, because a private key may extend over many lines of one node.
  const logs = nodes.map(({ name, log }) => ({
    node: name,
    log: log.kind === "missing" ? log : { ...log, value: redact(log.value) },
  }));
  return {
    "README.txt": redact(formatReadme(bundle)),
    "error.txt": error === undefined ? "No error.\n" : redact(`${formatHead(error)}\n\n`) + json(error),
    "timeline.txt": redact(formatTimeline(history)),
    "nodes.txt": redact(joinLines([...describeNodes(bundle), "", ...(check?.problems ?? [])])),
    "log.txt": redact(joinLines(mergeLogs(logs))),
    "views.json": json({
      check,
      ...view,
      nodes: nodes.map(({ name, state, info }) => ({ name, state, info })),
    }),
    "failovers.json": json(history.failovers),
    "ledgers.json": json(history.ledgers),
    "history.json": json({ since, faults, errors, seeds, dropped }),
    "plan.json": json(plan),
    "versions.json": json(versions),
  };
}

function formatHead(error: unknown): string {
  return error instanceof RedisClusterError ? `${error.code}: ${error.message}` : messageOf(error);
}

function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n").trimEnd()}\n`;
}
