import type { Redis } from "ioredis";
import { clearTimeout, setTimeout, wallClockMs } from "../clock/real-time.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keyForRange } from "../plan/slots.ts";
import { type Access, accessOptions, commandName } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { openNodeClient } from "./node-client.ts";
import { whenReady } from "./when-ready.ts";

/** How soon a closed connection is tried again: quickly at first, since a restarted node is what is waited for. */
const reconnectMs = (times: number): number => (times < 200 ? 5 : 50);
/** A connection attempt that hangs, as one to a frozen node does, must not hold up the next one. */
const CONNECT_LIMIT_MS = 2_000;
/** A frozen node answers no deletion. */
const DELETION_LIMIT_MS = 500;
const KEY_PREFIX = "testcontainers-redis-cluster:probe:";

/** A write that one node acknowledged. */
export interface ProbeReply {
  /** When it was sent, in milliseconds since the epoch by this machine's clock. */
  readonly sentAt: number;
  /** When the acknowledgement arrived. */
  readonly atMs: number;
  /** The node's own clock right after it had executed the write; undefined if it refuses TIME. */
  readonly serverMs: number | undefined;
}

/** Returns the key that a probe writes for a slot. */
function probeKey(slot: number): string {
  return keyForRange({ first: slot, last: slot }, KEY_PREFIX);
}

/**
 * Writes single keys to single nodes, each over a connection of its own, so that it is certain which node acknowledged.
 * A node that does not serve the key refuses with MOVED, which a cluster client would follow to another node. A write has
 * no time limit: a node that was frozen may acknowledge it much later, and that counts.
 */
export class ProbeWriter implements AsyncDisposable {
  readonly #access: Access;
  readonly #clients: ReadonlyMap<string, Redis>;
  readonly #deletionLimitMs: number;
  /** The key of each slot, and the nodes that were sent it. A frozen node may still execute what it has not answered. */
  readonly #written = new Map<number, { readonly key: string; readonly nodes: Set<string> }>();

  private constructor(plan: ClusterPlan, addresses: AddressTable, access: Access) {
    this.#access = access;
    this.#deletionLimitMs = DELETION_LIMIT_MS * plan.timeScale;
    this.#clients = new Map(
      plan.nodes.map((node) => [
        node.name,
        openNodeClient(node, addresses, {
          ...accessOptions(access),
          retryStrategy: reconnectMs,
          enableOfflineQueue: false,
          enableReadyCheck: false,
          autoResubscribe: false,
          // A write that is sent a second time would not have been sent when it says.
          autoResendUnfulfilledCommands: false,
          maxRetriesPerRequest: 0,
          connectTimeout: CONNECT_LIMIT_MS * plan.timeScale,
          disableClientInfo: true,
        }),
      ]),
    );
  }

  /** Opens a connection to every node and resolves when the first node has accepted one. */
  static async open(
    plan: ClusterPlan,
    addresses: AddressTable,
    access: Access,
    signal: AbortSignal,
  ): Promise<ProbeWriter> {
    const probe = new ProbeWriter(plan, addresses, access);
    const over = new AbortController();
    try {
      const either = AbortSignal.any([signal, over.signal]);
      await Promise.any([...probe.#clients.keys()].map((node) => probe.ready(node, either)));
      return probe;
    } catch (error) {
      await probe[Symbol.asyncDispose]();
      throw signal.aborted ? signal.reason : error;
    } finally {
      over.abort();
    }
  }

  /** Resolves when a node has accepted a connection. Rejects only when the signal is aborted. */
  async ready(node: string, signal: AbortSignal): Promise<void> {
    await whenReady(this.#client(node), signal);
  }

  /**
   * Writes the key of a slot to a node. Rejects if the node refuses, as every node that does not serve the slot does, or
   * if the connection is closed before the answer.
   */
  async write(node: string, slot: number): Promise<ProbeReply> {
    const written = this.#written.get(slot) ?? { key: probeKey(slot), nodes: new Set() };
    this.#written.set(slot, written);
    written.nodes.add(node);
    const sentAt = wallClockMs();
    const outcomes = await this.#client(node)
      .pipeline()
      .call(commandName(this.#access, "SET"), written.key, `${node} ${sentAt}`)
      .call(commandName(this.#access, "TIME"))
      .exec();
    const [[refusal] = [new Error(`${node} gave no answer`)], [, time] = []] = outcomes ?? [];
    if (refusal) throw refusal;
    const atMs = wallClockMs();
    return { sentAt, atMs, serverMs: serverTime(time) };
  }

  #client(node: string): Redis {
    const client = this.#clients.get(node);
    if (client === undefined) throw new TypeError(`no node is called ${node}`);
    return client;
  }

  /** Deletes what it has written, as far as nodes answer within half a second, and closes its connections in any case. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Behind the writes on the same connections. A replica refuses, and has the key only as long as its primary has it.
    const deletions = [...this.#written.values()].flatMap(({ key, nodes }) =>
      [...nodes].map((node) => this.#client(node).call(commandName(this.#access, "DEL"), key)),
    );
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#deletionLimitMs);
    try {
      await Promise.race([Promise.allSettled(deletions), over]);
    } finally {
      clearTimeout(timer);
      for (const client of this.#clients.values()) client.disconnect();
    }
  }
}

/** Reads the reply of TIME: seconds, and microseconds of that second. */
function serverTime(reply: unknown): number | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [seconds, micros] = reply.map(Number);
  const ms = Number(seconds) * 1_000 + Number(micros) / 1_000;
  return Number.isFinite(ms) ? ms : undefined;
}
