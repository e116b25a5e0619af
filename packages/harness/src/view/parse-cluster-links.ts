/**
 * Returns the ids of the nodes to which a node has an open connection of the cluster bus, from its reply to CLUSTER LINKS (Redis
 * 7.0). CLUSTER NODES reports a link as connected from the first attempt to connect on. The link is open when the server waits for
 * answers on it (`clusterLinkConnectHandler` in cluster_legacy.c).
 *
 * @param reply a list of links. Each link is a list of names and values: `["direction", "to", "node", …, "events", "r", …]`.
 */
export function parseOpenLinks(reply: unknown): ReadonlySet<string> {
  const links = (reply as readonly (readonly unknown[])[]).map(toLink);
  const open = links.filter(({ direction, events }) => direction === "to" && events.includes("r"));
  return new Set(open.map(({ node }) => node));
}

interface Link {
  readonly direction: string;
  readonly node: string;
  readonly events: string;
}

function toLink(fields: readonly unknown[]): Link {
  const valueOf = (name: string): string => String(fields[fields.indexOf(name) + 1]);
  return { direction: valueOf("direction"), node: valueOf("node"), events: valueOf("events") };
}
