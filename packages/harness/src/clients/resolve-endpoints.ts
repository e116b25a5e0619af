import type { Cluster, Redis } from "ioredis";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";
import { parseClusterNodes } from "../view/parse-cluster-nodes.ts";
import { holdsSlot } from "../view/slot-ranges.ts";
import type { AddressTable } from "./address-table.ts";

/** A node in CLUSTER SLOTS: endpoint, port, id and, since Redis 7.0, a list of names and values. */
type SlotsNode = [endpoint: string | null, port: number, id?: string, metadata?: readonly string[]];
/** A range in CLUSTER SLOTS: first slot, last slot, nodes. */
type SlotsRange = [number, number, ...SlotsNode[]];
type Done = (error: Error | null | undefined, reply?: SlotsRange[]) => void;
type Send = Redis["sendCommand"];
type Command = Parameters<Send>[0];

/**
 * Makes a cluster client find nodes that announce something else than their address (`cluster-preferred-endpoint-type`).
 *
 * - A name: each reply of CLUSTER SLOTS tells which address it belongs to, and the table learns it before ioredis asks
 *   `natMap`.
 * - No name although names are preferred (`?`), or an unknown endpoint (null in CLUSTER SLOTS, nothing before the port in a
 *   redirection). ioredis leaves such nodes out. They get their network address instead.
 *
 * A client is meant to follow an unknown endpoint to the host that it asked. All nodes here use the same port, so this
 * would be the same node again; the node that sent the redirection is asked for the address it meant.
 */
export function resolveEndpoints(client: Cluster, addresses: AddressTable): void {
  // The node that each command was sent to last.
  const sentTo = new WeakMap<Command, Redis>();
  findByAnnounced(client);
  client.on("+node", (node: Redis) => {
    readSlots(client, node, addresses);
    completeRedirections(node, sentTo);
  });
}

/** What ioredis has inside of a cluster client. */
interface Inside {
  readonly connectionPool: { getInstanceByKey: (key: string) => Redis | undefined };
  readonly natMapper: (announced: string) => { readonly host?: string; readonly port?: number };
}

/**
 * ioredis notes the target of a redirection as the server announced it, but keeps connections by their mapped addresses
 * (`moved` in cluster/index.js). So it does not find the connection, tries nodes at random until it has read the slots
 * again, and may have used up all its redirections by then.
 */
export function findByAnnounced(client: Cluster): void {
  const inside = client as unknown as Inside;
  const pool = inside.connectionPool;
  const find = pool.getInstanceByKey.bind(pool);
  pool.getInstanceByKey = (key) => {
    const found = find(key);
    if (found !== undefined) return found;
    const { host, port } = inside.natMapper(key);
    return find(`${host}:${port}`);
  };
}

/**
 * ioredis asks for the slots on a duplicate of a node's connection (`getInfoFromNode` in cluster/index.js). It limits that
 * by a global timer, so a real one is added here.
 */
function readSlots(client: Cluster, node: Redis, addresses: AddressTable): void {
  const duplicate = node.duplicate.bind(node);
  node.duplicate = (override?: object) => {
    const copy = duplicate(override);
    const ask = copy.cluster.bind(copy) as (...given: unknown[]) => unknown;
    copy.cluster = ((...given: unknown[]) => {
      const done = given.at(-1);
      if (given[0] !== "SLOTS" || typeof done !== "function") return ask(...given);
      const timer = setTimeout(() => {
        copy.disconnect();
        (done as Done)(new Error("timeout"));
      }, client.options.slotsRefreshTimeout ?? 1_000);
      return ask("SLOTS", (error: Error | null | undefined, reply?: SlotsRange[]) => {
        clearTimeout(timer);
        (done as Done)(error, reply && completeSlots(reply, addresses));
      });
    }) as typeof copy.cluster;
    return copy;
  };
}

/** Puts addresses in the place of endpoints that are unknown or that several nodes announce. */
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
      addresses.learn(`${endpoint}:${port}`, `${ip}:${port}`);
      return node;
    }),
  ]);
}

/** Completes the redirections that a node sends before ioredis reads them. */
function completeRedirections(node: Redis, sentTo: WeakMap<Command, Redis>): void {
  const send: Send = node.sendCommand.bind(node);
  node.sendCommand = (command, stream) => {
    if (!sentTo.has(command)) {
      const reject = command.reject;
      command.reject = (error: Error) => {
        const redirection = parseIncomplete(error.message);
        if (redirection === undefined) reject.call(command, error);
        else
          void passOn(error, redirection, sentTo.get(command) ?? node, (each) => reject.call(command, each));
      };
    }
    sentTo.set(command, node);
    return send(command, stream);
  };
}

async function passOn(
  error: Error,
  redirection: Redirection,
  sender: Redis,
  reject: (error: Error) => void,
): Promise<void> {
  try {
    error.message = await completeRedirection(sender, redirection);
  } catch {
    // The sender is gone, or the slot has moved again. ioredis handles the redirection as it came.
  }
  reject(error);
}

/** `MOVED 3999 :6379` or `MOVED 3999 ?:6379`. */
interface Redirection {
  readonly word: "MOVED" | "ASK";
  readonly slot: number;
}

function parseIncomplete(message: string): Redirection | undefined {
  const [, word, slot] = /^(MOVED|ASK) (\d+) \??:\d+$/.exec(message) ?? [];
  return word === undefined ? undefined : { word: word as Redirection["word"], slot: Number(slot) };
}

/** Asks the node that sent the redirection where it leads. */
async function completeRedirection(node: Redis, { word, slot }: Redirection): Promise<string> {
  const members = parseClusterNodes(String(await node.call("CLUSTER", "NODES")));
  const peer = members
    .find(({ self }) => self)
    ?.openSlots.find((open) => open.kind === "migrating" && open.slot === slot)?.peer;
  const target = members.find(({ id, slots }) => (word === "ASK" ? id === peer : holdsSlot(slots, slot)));
  if (target === undefined) throw new Error(`no node serves slot ${slot}`);
  return `${word} ${slot} ${target.address}:${target.port}`;
}
