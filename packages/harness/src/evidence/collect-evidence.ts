import { readFile } from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { checkView } from "../view/cluster-check.ts";
import { mergeViews } from "../view/cluster-view.ts";
import { type NodeView, parseNodeView, VIEW_COMMANDS } from "../view/node-view.ts";
import { parseInfo, serverVersion } from "../view/parse-info.ts";
import { answerWithin } from "./answer.ts";
import type { EvidenceBundle, EvidenceNode, EvidenceSource, NodeEvidence } from "./evidence.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** The time that a node has to answer all queries. */
const NODE_TIMEOUT_MS = 500;
/** The time that the engine has for a container. */
const ENGINE_TIMEOUT_MS = 3_000;
/**
 * The maximum number of log lines of each node. A server logs a few lines per second at most, unless its log level is verbose.
 */
const MAX_LOG_LINES = 10_000;
/** The sections of INFO. Each needs a command, because servers before 7.0 accept only one section. */
const INFO_SECTIONS = ["server", "replication", "stats", "memory", "clients"] as const;

/**
 * Queries all nodes and the engine at the same time for everything that is known about the cluster. Never rejects because of an
 * unhealthy cluster: a missing answer is replaced by the reason. A node has 500 ms to answer, and the engine has three seconds
 * for each container.
 */
export async function collectEvidence(
  source: EvidenceSource,
  options: {
    readonly title?: string | undefined;
    readonly error?: unknown;
    /** Ends the collection. The evidence is what was answered by then. */
    readonly signal?: AbortSignal | undefined;
    /** The number of log lines of each node, counted from the end. @default 10000 */
    readonly logLines?: number;
  } = {},
): Promise<EvidenceBundle> {
  const { title, error, signal = new AbortController().signal, logLines = MAX_LOG_LINES } = options;
  const at = wallClockMs();
  const { plan, history } = source;
  const [library, answers] = await Promise.all([
    libraryVersion(),
    Promise.all(source.nodes.map((node) => queryNode(node, signal, logLines))),
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

async function queryNode(
  node: EvidenceNode,
  signal: AbortSignal,
  logLines: number,
): Promise<{ readonly view: NodeView; readonly evidence: NodeEvidence }> {
  const readView = async (): Promise<NodeView> => parseNodeView(node.name, await node.query(VIEW_COMMANDS));
  const readInfo = async (): Promise<Record<string, Record<string, string>>> => {
    const texts = await node.query(INFO_SECTIONS.map((section) => ["INFO", section]));
    return Object.fromEntries(
      INFO_SECTIONS.map((section, index) => [section, Object.fromEntries(parseInfo(texts[index] ?? ""))]),
    );
  };
  // Read before the queries, because they take some time.
  const { unreachableAt } = node;
  const [view, info, state, log] = await Promise.all([
    answerWithin(readView, NODE_TIMEOUT_MS, signal),
    answerWithin(readInfo, NODE_TIMEOUT_MS, signal),
    answerWithin(async () => await node.state(), ENGINE_TIMEOUT_MS, signal),
    answerWithin(async () => await node.log(logLines), ENGINE_TIMEOUT_MS, signal),
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

/** Returns the version of this package; "unknown" if a bundler has separated this file from its package.json. */
async function libraryVersion(): Promise<string> {
  try {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    return String((JSON.parse(text) as { readonly version: unknown }).version);
  } catch {
    return "unknown";
  }
}
