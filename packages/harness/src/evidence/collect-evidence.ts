import { readFile } from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { checkView } from "../view/cluster-check.ts";
import { mergeViews } from "../view/cluster-view.ts";
import { type NodeView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";
import { parseInfo, serverVersion } from "../view/parse-info.ts";
import { answerOf } from "./answer.ts";
import type { EvidenceBundle, EvidenceNode, EvidenceSource, NodeEvidence } from "./evidence.ts";
import { wallClockMs } from "../clock/real-time.ts";

const NODE_LIMIT_MS = 500;
const ENGINE_LIMIT_MS = 3_000;
/** Of each node. A server says a handful of lines a second at most, unless it was told to be loud. */
const LOG_LINES = 10_000;
// One command for each: servers before 7.0 take one section only.
const SECTIONS = ["server", "replication", "stats", "memory", "clients"] as const;

/**
 * Asks everybody at once for all that is known of the cluster. Never rejects over a sick one: what could not be had is
 * told in its place. A node has 500 ms to answer, the engine three seconds for a container.
 */
export async function collectEvidence(
  source: EvidenceSource,
  options: {
    readonly title?: string | undefined;
    readonly error?: unknown;
    /** Ends the asking; what there is by then is the evidence. */
    readonly signal?: AbortSignal | undefined;
    /** Of each node, the last so many. */
    readonly logLines?: number;
  } = {},
): Promise<EvidenceBundle> {
  const { title, error, signal = new AbortController().signal, logLines = LOG_LINES } = options;
  const at = wallClockMs();
  const { plan, history } = source;
  const [library, answers] = await Promise.all([
    libraryVersion(),
    Promise.all(source.nodes.map((node) => askNode(node, signal, logLines))),
  ]);
  const names = new Map(plan?.nodes.map(({ id, name }) => [id, name]));
  const views = answers.map(({ view }) => view);
  const view = views.length === 0 ? undefined : mergeViews(views, names);
  const nodes = answers.map(({ evidence }) => evidence);
  return {
    title: title ?? (error === undefined ? "evidence" : (messageOf(error).split("\n")[0] as string)),
    at,
    error,
    plan,
    nodes,
    view,
    check: view && checkView(view),
    history,
    versions: {
      "testcontainers-redis-cluster": library,
      node: `${process.version} (${process.platform} ${process.arch})`,
      ...source.versions,
      ...Object.fromEntries(nodes.map((node) => [node.name, versionOf(node)])),
    },
  };
}

async function askNode(
  node: EvidenceNode,
  signal: AbortSignal,
  logLines: number,
): Promise<{ readonly view: NodeView; readonly evidence: NodeEvidence }> {
  const readView = async (): Promise<NodeView> => parseNodeView(node.name, await node.ask(VIEW_COMMANDS));
  const readInfo = async (): Promise<Record<string, Record<string, string>>> => {
    const texts = await node.ask(SECTIONS.map((section) => ["INFO", section]));
    return Object.fromEntries(
      SECTIONS.map((section, index) => [section, Object.fromEntries(parseInfo(texts[index] ?? ""))]),
    );
  };
  // Before the node and the engine are asked, which takes some time.
  const { unreachableAt } = node;
  const [view, info, state, log] = await Promise.all([
    answerOf(readView, NODE_LIMIT_MS, signal),
    answerOf(readInfo, NODE_LIMIT_MS, signal),
    answerOf(async () => await node.state(), ENGINE_LIMIT_MS, signal),
    answerOf(async () => await node.log(logLines), ENGINE_LIMIT_MS, signal),
  ]);
  return {
    view: view.kind === "answered" ? view.value : { kind: "silent", node: node.name, reason: view.reason },
    evidence: { name: node.name, state, unreachableAt, info, log },
  };
}

function versionOf({ info }: NodeEvidence): string {
  if (info.kind === "missing") return `unknown (${info.reason})`;
  const { server, version } = serverVersion(new Map(Object.entries(info.value["server"] ?? {})));
  return `${server} ${version}`;
}

/** Of the package that this file is part of. A bundler may have torn the two apart. */
async function libraryVersion(): Promise<string> {
  try {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    return String((JSON.parse(text) as { readonly version: unknown }).version);
  } catch {
    return "unknown";
  }
}
