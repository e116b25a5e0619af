import type { Answer } from "./answer.ts";
import { describeNodes } from "./describe-nodes.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { redactor } from "./redact.ts";
import { secretsOfBundle } from "./find-secrets.ts";

/** What an error reports about one node. It contains no secrets, because test runners print it. */
export interface NodeAtFailure {
  readonly node: string;
  /** The state of the container, as the engine reports it; `unknown` if the engine did not answer in time. */
  readonly status: string;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  /** The address at which this process could not reach the node although its container runs, and why. */
  readonly unreachableAt: string | undefined;
  /** One line: the state of the container, and the node's view of the cluster. */
  readonly said: string;
  /** The last lines that the container printed. */
  readonly lastLines: readonly string[];
}

/** The number of lines of each node's log that an error contains. */
export const LAST_LINES = 10;
const MAX_LINE_LENGTH = 200;
/** The time at which the engine received a line. The server prints a time of its own. */
const ENGINE_STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) ?/;

/** Returns what an error reports about the nodes. */
export function nodesAtFailure(bundle: EvidenceBundle): readonly NodeAtFailure[] {
  const descriptions = describeNodes(bundle);
  const redact = redactor(secretsOfBundle(bundle));
  return bundle.nodes.map(({ name, state, unreachableAt, log }, index) => {
    const known = state.kind === "answered" ? state.value : undefined;
    return {
      node: name,
      status: known?.status ?? "unknown",
      exitCode: known?.status === "running" ? undefined : known?.exitCode,
      oomKilled: known?.oomKilled ?? false,
      unreachableAt: known?.status === "running" ? unreachableAt : undefined,
      said: redact(descriptions[index] ?? ""),
      lastLines: lastLinesOf(log).map((line) => shorten(redact(line))),
    };
  });
}

function lastLinesOf(log: Answer<string>): readonly string[] {
  if (log.kind === "missing") return [];
  const lines = log.value.trimEnd().split(/\r?\n/);
  return lines
    .map((line) => line.replace(ENGINE_STAMP, ""))
    .filter(Boolean)
    .slice(-LAST_LINES);
}

function shorten(line: string): string {
  return line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line;
}
