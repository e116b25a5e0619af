import type { NodeConnection } from "../clients/node-connection.ts";
import { type AnsweredView, nodeViewOf, VIEW_QUESTIONS } from "../view/node-view.ts";
import { parseInfo } from "../view/parse-info.ts";

/** What a node is made of, apart from its data: what a reset compares, and puts back. */
export interface Fingerprint {
  readonly node: string;
  /** Another one means another process. */
  readonly runId: string;
  readonly config: ReadonlyMap<string, string>;
  /** Lines of ACL LIST. */
  readonly acl: readonly string[];
  readonly modules: string;
  readonly configEpoch: number;
  /** Messages on the cluster bus that only a failover brings, by kind, as CLUSTER INFO counts them. */
  readonly failoverMessages: ReadonlyMap<string, number>;
  /** INFO commandstats: what was called, and how often. */
  readonly calls: ReadonlyMap<string, number>;
  readonly view: AnsweredView;
}

/** A role, not a setting. */
const NO_SETTINGS: ReadonlySet<string> = new Set(["slaveof", "replicaof"]);
const FAILOVER_MESSAGES = /^cluster_stats_messages_((?:fail|auth-req|auth-ack|mfstart)_(?:sent|received))$/;

/** Asks one node for all of it, in one round trip. */
export async function readFingerprint(connection: NodeConnection): Promise<Fingerprint> {
  const [server, stats, config, acl, modules, ...answers] = await connection.replies([
    ["INFO", "server"],
    ["INFO", "commandstats"],
    ["CONFIG", "GET", "*"],
    ["ACL", "LIST"],
    ["MODULE", "LIST"],
    ...VIEW_QUESTIONS,
  ]);
  const view = nodeViewOf(connection.node.name, answers.map(String));
  const clusterInfo = parseInfo(String(answers[1]));
  return {
    node: connection.node.name,
    runId: parseInfo(String(server)).get("run_id") ?? "",
    config: settings(config as readonly string[]),
    acl: acl as readonly string[],
    modules: JSON.stringify(modules),
    configEpoch: Number(clusterInfo.get("cluster_my_epoch")),
    failoverMessages: new Map(
      [...clusterInfo].flatMap(([field, count]) => {
        const kind = FAILOVER_MESSAGES.exec(field)?.[1];
        return kind === undefined ? [] : [[kind, Number(count)] as const];
      }),
    ),
    calls: parseCalls(String(stats)),
    view,
  };
}

/** Names and values in turn. */
function settings(reply: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const name = String(reply[index]);
    if (!NO_SETTINGS.has(name)) found.set(name, String(reply[index + 1]));
  }
  return found;
}

/** `cmdstat_config|set:calls=4,usec=11,…`, by the command's name. */
export function parseCalls(commandStats: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [field, value] of parseInfo(commandStats)) {
    const name = /^cmdstat_(.+)$/.exec(field)?.[1];
    const calls = /^calls=(\d+)/.exec(value)?.[1];
    if (name !== undefined && calls !== undefined) found.set(name.toLowerCase(), Number(calls));
  }
  return found;
}
