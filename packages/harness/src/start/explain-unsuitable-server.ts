import type { NodeConnection } from "../clients/node-connection.ts";
import { readGreeting } from "../clients/read-greeting.ts";
import { SETTINGS_FILE } from "../docker/boot-script.ts";
import { messageOf } from "../errors.ts";
import type { HostAndPort } from "../plan/cluster-plan.ts";
import { parseInfo } from "../view/parse-info.ts";

const GREETING_TIMEOUT_MS = 500;

/**
 * Explains why a server that accepts connections can never become this node, so that the start fails immediately instead of at
 * its timeout. Returns undefined if no such reason is found. Other errors of the server are left to the formation, which polls.
 *
 * @param address the published address of the node.
 * @param entrypoint the entry point that has started the server; empty if there is none.
 */
export async function explainUnsuitableServer(
  connection: NodeConnection,
  address: HostAndPort | undefined,
  entrypoint: string,
): Promise<string | undefined> {
  const ignoresSettings = `its server does not use the library's configuration${entrypoint === "" ? "" : ", which is passed through the entry point"}`;
  try {
    const [id, info] = await connection.texts([
      ["CLUSTER", "MYID"],
      ["INFO", "server"],
    ]);
    // The id alone proves nothing: a server with its own configuration may have read the nodes.conf of this node, and so its id.
    const file = parseInfo(info ?? "").get("config_file");
    return id === connection.node.id && file === SETTINGS_FILE ? undefined : ignoresSettings;
  } catch (error) {
    const message = messageOf(error);
    // `clusterCommand` in cluster.c.
    if (/cluster support disabled|unknown command/i.test(message)) {
      const answer = `its server answers "${message}"`;
      return /unknown/i.test(message)
        ? `${answer}, so it does not support Redis Cluster, unless \`config\` renames CLUSTER`
        : answer;
    }
    const greeting = address === undefined ? "" : await readGreeting(address, GREETING_TIMEOUT_MS);
    const refusal = /^-(DENIED .*?)(?: because |\r\n|$)/.exec(greeting)?.[1];
    return refusal === undefined ? undefined : `${ignoresSettings}, and answers "${refusal}"`;
  }
}
