import type { NodeRole, SlotRange } from "../plan/cluster-plan.ts";

/** A slot on its way to or from another node. */
export interface OpenSlot {
  readonly kind: "migrating" | "importing";
  readonly slot: number;
  /** Node id of the other side. */
  readonly peer: string;
}

/** One node as some node sees it: a line of CLUSTER NODES. */
export interface NodeEntry {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly busPort: number | undefined;
  readonly hostname: string | undefined;
  readonly role: NodeRole;
  /** The flags on the wire, `myself` and the role left out: `fail?`, `fail`, `handshake`, `noaddr`, `nofailover`. */
  readonly flags: readonly string[];
  readonly self: boolean;
  /** Node id of the primary that this replica follows. */
  readonly primaryId: string | undefined;
  readonly configEpoch: number;
  readonly linkConnected: boolean;
  readonly slots: readonly SlotRange[];
  readonly openSlots: readonly OpenSlot[];
}

/**
 * Reads the reply of CLUSTER NODES, of Redis 4 to 8 and Valkey: the hostname and the `key=value` fields after it
 * (Redis 7.0 and 7.2) may be missing.
 *
 * @throws TypeError with the line that is not one.
 */
export function parseClusterNodes(text: string): readonly NodeEntry[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(parseLine);
}

const LINE = /^([0-9a-f]{40}) (\S*) (\S+) (\S+) \d+ \d+ (\d+) (connected|disconnected)(?: (.*))?$/;
/** `ip:port@busPort,hostname,key=value…`; the address may be IPv6 or, before a node knows it, empty. */
const ADDRESS = /^([^,]*):(\d+)(?:@(\d+))?(?:,([^,]*))?(?:,.*)?$/;

function parseLine(line: string): NodeEntry {
  const [, id = "", place = "", flagText = "", primary = "", epoch = "", link = "", slotText = ""] =
    LINE.exec(line.trim()) ?? notALine(line);
  const [, address = "", port = "", busPort, hostname] = ADDRESS.exec(place) ?? notALine(line);
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
    } else notALine(line);
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

function notALine(line: string): never {
  throw new TypeError(`not a line of CLUSTER NODES: ${JSON.stringify(line)}`);
}
