import type { Cluster, Redis } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { holdsSlot } from "../view/slot-ranges.ts";
import type { AddressTable } from "./address-table.ts";

/** A node in the reply to CLUSTER SLOTS. The metadata (Redis 7.0) is a list of names and values. */
type SlotsNode = [endpoint: string | null, port: number, id?: string, metadata?: readonly string[]];
/** A range in the reply to CLUSTER SLOTS. */
type SlotsRange = [first: number, last: number, ...nodes: SlotsNode[]];
type Done = (error: Error | null | undefined, reply?: SlotsRange[]) => void;
type Send = Redis["sendCommand"];
type Command = Parameters<Send>[0];

/**
 * Enables a cluster client to find nodes that do not announce their address (`cluster-preferred-endpoint-type`).
 *
 * - A node may announce a name. Each reply to CLUSTER SLOTS contains the address of the name, which is added to the address table
 *   before ioredis calls `natMap`.
 * - A node may announce no name although names are preferred (`?`), or an unknown endpoint (null in CLUSTER SLOTS, and nothing
 *   before the port in a redirection). ioredis ignores such nodes. Here their network address replaces the endpoint.
 *
 * According to the protocol, a client follows an unknown endpoint to the host to which it sent the command. All nodes use the same
 * port, so this would be the same node again. The address of the target is therefore read from the node that sent the redirection.
 */
export function resolveEndpoints(client: Cluster, addresses: AddressTable): void {
  // The node to which each command was sent last.
  const sentTo = new WeakMap<Command, Redis>();
  findByAnnouncedAddress(client);
  client.on("+node", (node: Redis) => {
    interceptSlots(client, node, addresses);
    completeRedirections(node, sentTo);
  });
}

/** Private members of a cluster client. */
interface ClusterInternals {
  readonly connectionPool: { getInstanceByKey: (key: string) => Redis | undefined };
  readonly natMapper: (announced: string) => { readonly host?: string; readonly port?: number };
}

/**
 * Enables a cluster client to find a connection by the address that the server announces. ioredis stores the target of a redirection
 * as the server announced it, but identifies connections by their mapped addresses (`moved` in cluster/index.js). Therefore it does
 * not find the connection, tries random nodes until it has refreshed the slots, and may use up its redirections before that.
 */
export function findByAnnouncedAddress(client: Cluster): void {
  const internals = client as unknown as ClusterInternals;
  const pool = internals.connectionPool;
  const find = pool.getInstanceByKey.bind(pool);
  pool.getInstanceByKey = (key) => {
    const found = find(key);
    if (found !== undefined) return found;
    const { host, port } = internals.natMapper(key);
    return find(`${host}:${port}`);
  };
}

/**
 * Completes the replies to CLUSTER SLOTS that a client reads from a node, and adds a real timer for their timeout. ioredis sends
 * CLUSTER SLOTS on a duplicate of the connection (`getInfoFromNode` in cluster/index.js), and uses a global timer for the timeout.
 */
function interceptSlots(client: Cluster, node: Redis, addresses: AddressTable): void {
  const duplicate = node.duplicate.bind(node);
  node.duplicate = (override?: object) => {
    const copy = duplicate(override);
    const send = copy.cluster.bind(copy) as (...args: unknown[]) => unknown;
    copy.cluster = ((...args: unknown[]) => {
      const done = args.at(-1);
      if (args[0] !== "SLOTS" || typeof done !== "function") return send(...args);
      const timer = setTimeout(() => {
        copy.disconnect();
        (done as Done)(new Error("timeout"));
      }, client.options.slotsRefreshTimeout ?? 1_000);
      return send("SLOTS", (error: Error | null | undefined, reply?: SlotsRange[]) => {
        clearTimeout(timer);
        (done as Done)(error, reply && completeSlots(reply, addresses));
      });
    }) as typeof copy.cluster;
    return copy;
  };
}

/** Replaces endpoints that are unknown, or that several nodes announce, with addresses. Adds names to the address table. */
export function completeSlots(ranges: readonly SlotsRange[], addresses: AddressTable): SlotsRange[] {
  const owners = new Map<string, string>();
  return ranges.map(([first, last, ...nodes]) => [
    first,
    last,
    ...nodes.map((node): SlotsNode => {
      const [endpoint, port, id = "", metadata = []] = node;
      const ip = metadata[metadata.indexOf("ip") + 1];
      if (!metadata.includes("ip") || ip === undefined) return node;
      const owner = owners.get(`${endpoint}:${port}`) ?? id;
      if (!endpoint || endpoint === "?" || owner !== id) return [ip, port, id, metadata];
      owners.set(`${endpoint}:${port}`, id);
      addresses.learn(`${endpoint}:${port}`, { host: ip, port });
      return node;
    }),
  ]);
}

/** Completes the redirections of a node that lack an address, before ioredis handles them. */
function completeRedirections(node: Redis, sentTo: WeakMap<Command, Redis>): void {
  const send: Send = node.sendCommand.bind(node);
  node.sendCommand = (command, stream) => {
    if (!sentTo.has(command)) {
      const reject = command.reject;
      command.reject = (error: Error) => {
        const redirection = parseIncomplete(error.message);
        if (redirection === undefined) reject.call(command, error);
        else
          void rejectCompleted(error, redirection, sentTo.get(command) ?? node, (completed) =>
            reject.call(command, completed),
          );
      };
    }
    sentTo.set(command, node);
    return send(command, stream);
  };
}

async function rejectCompleted(
  error: Error,
  redirection: Redirection,
  sender: Redis,
  reject: (error: Error) => void,
): Promise<void> {
  try {
    error.message = await completeRedirection(sender, redirection);
  } catch {
    // The sender is unreachable, or the slot has moved again. ioredis handles the redirection without an address.
  }
  reject(error);
}

/** A redirection without an address: `MOVED 3999 :6379` or `MOVED 3999 ?:6379`. */
interface Redirection {
  readonly kind: "MOVED" | "ASK";
  readonly slot: number;
}

function parseIncomplete(message: string): Redirection | undefined {
  const [, kind, slot] = /^(MOVED|ASK) (\d+) \??:\d+$/.exec(message) ?? [];
  return kind === undefined ? undefined : { kind: kind as Redirection["kind"], slot: Number(slot) };
}

/** Reads the target of a redirection from the node that sent it, and returns the redirection with its address. */
async function completeRedirection(node: Redis, { kind, slot }: Redirection): Promise<string> {
  const members = parseClusterNodes(String(await node.call("CLUSTER", "NODES")));
  const peer = members
    .find(({ self }) => self)
    ?.openSlots.find((open) => open.kind === "migrating" && open.slot === slot)?.peer;
  const target = members.find(({ id, slots }) => (kind === "ASK" ? id === peer : holdsSlot(slots, slot)));
  if (target === undefined) throw new Error(`no node owns slot ${slot}`);
  return `${kind} ${slot} ${target.address}:${target.port}`;
}
