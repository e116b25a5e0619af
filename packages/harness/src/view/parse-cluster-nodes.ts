import type { NodeRole, SlotRange } from "../plan/cluster-plan.ts";

/** A slot that is being migrated to or imported from another node. */
export interface OpenSlot {
  /** `migrating` if the slot leaves the node, `importing` if it arrives. */
  readonly kind: "migrating" | "importing";
  /** The number of the slot, from 0 to 16383. */
  readonly slot: number;
  /** The node id of the other node. */
  readonly peer: string;
}

/** A line of CLUSTER NODES: what one node reports about a member. */
export interface NodeEntry {
  /** The node id: 40 hexadecimal digits. */
  readonly id: string;
  /** The IP address in the network of the nodes; empty if it is unknown. */
  readonly address: string;
  /** The port for clients. */
  readonly port: number;
  /** The port of the cluster bus; undefined if the server does not report it. */
  readonly busPort: number | undefined;
  /** The hostname that the node announces; undefined if it has none. */
  readonly hostname: string | undefined;
  /** The role of the node. */
  readonly role: NodeRole;
  /** The flags of CLUSTER NODES without `myself` and the role: `fail?`, `fail`, `handshake`, `noaddr`, `nofailover`. */
  readonly flags: readonly string[];
  /** Whether the node reports this about itself. */
  readonly self: boolean;
  /** The node id of the primary that a replica follows. */
  readonly primaryId: string | undefined;
  /** The config epoch: of two primaries that claim a slot, the one with the greater config epoch owns it. */
  readonly configEpoch: number;
  /** Whether the reporting node has a connection of the cluster bus to this node. */
  readonly linkConnected: boolean;
  /** The slots that the node claims. */
  readonly slots: readonly SlotRange[];
  /** The slots that are being migrated or imported. */
  readonly openSlots: readonly OpenSlot[];
}

/**
 * Parses the reply to CLUSTER NODES of Redis 4 to 8 and Valkey. The hostname (Redis 7.0) and the `key=value` fields after it
 * (Redis 7.2) may be missing.
 *
 * @throws TypeError with the line, if a line is invalid.
 */
export function parseClusterNodes(text: string): readonly NodeEntry[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(parseLine);
}

const LINE = /^([0-9a-f]{40}) (\S*) (\S+) (\S+) \d+ \d+ (\d+) (connected|disconnected)(?: (.*))?$/;
/** `ip:port@busPort,hostname,key=value…`. The address may be IPv6. It is empty until a node knows its own address. */
const ADDRESS = /^([^,]*):(\d+)(?:@(\d+))?(?:,([^,]*))?(?:,.*)?$/;

function parseLine(line: string): NodeEntry {
  const [, id = "", endpoint = "", flagText = "", primary = "", epoch = "", link = "", slotText = ""] =
    LINE.exec(line.trim()) ?? rejectLine(line);
  const [, address = "", port = "", busPort, hostname] = ADDRESS.exec(endpoint) ?? rejectLine(line);
  const flags = flagText.split(",");
  const slots: SlotRange[] = [];
  const openSlots: OpenSlot[] = [];
  for (const item of slotText.split(" ").filter(Boolean)) {
    const open = /^\[(\d+)-([<>])-([0-9a-f]+)\]$/.exec(item);
    const range = /^(\d+)(?:-(\d+))?$/.exec(item);
    if (open !== null) {
      const [, slot, direction, peer = ""] = open;
      openSlots.push({ kind: direction === ">" ? "migrating" : "importing", slot: Number(slot), peer });
    } else if (range !== null) {
      slots.push({ first: Number(range[1]), last: Number(range[2] ?? range[1]) });
    } else rejectLine(line);
  }
  return {
    id,
    address,
    port: Number(port),
    busPort: busPort === undefined ? undefined : Number(busPort),
    hostname: hostname === undefined || hostname === "" || hostname === "?" ? undefined : hostname,
    role: flags.includes("master") ? "primary" : "replica",
    flags: flags.filter((flag) => !["myself", "master", "slave", "noflags"].includes(flag)),
    self: flags.includes("myself"),
    primaryId: primary === "-" ? undefined : primary,
    configEpoch: Number(epoch),
    linkConnected: link === "connected",
    slots,
    openSlots,
  };
}

function rejectLine(line: string): never {
  throw new TypeError(
    `Parsing CLUSTER NODES failed: expected a line of the nodes table, got ${JSON.stringify(line)}`,
  );
}
