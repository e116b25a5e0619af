import type { NodeConnection } from "../clients/node-connection.ts";
import { readGreeting } from "../clients/read-greeting.ts";
import { SETTINGS_FILE } from "../docker/boot-script.ts";
import { messageOf } from "../errors.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";

const GREETING_LIMIT_MS = 500;

/**
 * Why a server that accepts connections can never become this node, so that the start ends at once instead of waiting
 * for its time limit. Any other error is left to the formation, which polls.
 *
 * @param address where the node is published.
 * @param entrypoint the entry point that has started the server; empty if there is none.
 */
export async function whyNoClusterNode(
  connection: NodeConnection,
  address: HostAndPort | undefined,
  entrypoint: string,
): Promise<string | undefined> {
  const unplanned = `its server does not use the configuration that it is given${entrypoint === "" ? "" : " by way of the entry point"}`;
  try {
    const [id, info] = await connection.texts([
      ["CLUSTER", "MYID"],
      ["INFO", "server"],
    ]);
    // A server of the image's own may have read this node's nodes.conf, and so have its id.
    const file = parseInfo(info ?? "").get("config_file");
    return id === connection.node.id && file === SETTINGS_FILE ? undefined : unplanned;
  } catch (error) {
    const message = messageOf(error);
    // `clusterCommand` in cluster.c.
    if (/cluster support disabled|unknown command/i.test(message)) {
      const server = `its server answers "${message}"`;
      return /unknown/i.test(message)
        ? `${server}, so it has no Redis Cluster, unless \`config\` renames CLUSTER`
        : server;
    }
    const greeting = address === undefined ? "" : await readGreeting(address, GREETING_LIMIT_MS);
    const refusal = /^-(DENIED .*?)(?: because |\r\n|$)/.exec(greeting)?.[1];
    return refusal === undefined ? undefined : `${unplanned}, and says "${refusal}"`;
  }
}
