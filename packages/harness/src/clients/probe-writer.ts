import type { Redis } from "ioredis";
import { clearTimeout, setTimeout, wallClockMs } from "../clock/real-time.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { keyForRange } from "../plan/slots.ts";
import { type Access, accessOptions, commandName } from "./access.ts";
import type { AddressTable } from "./address-table.ts";
import { openNodeClient } from "./node-client.ts";
import { whenReady } from "./when-ready.ts";

/** The delay before a reconnect. It is short at first, because the probe waits for a restarted node. */
const reconnectMs = (times: number): number => (times < 200 ? 5 : 50);
/** The timeout of a connection attempt. An attempt to connect to a paused node hangs, and must not delay the next attempt. */
const CONNECT_TIMEOUT_MS = 2_000;
/** The timeout of the deletions, which a paused node does not answer. */
const DELETION_TIMEOUT_MS = 500;
const KEY_PREFIX = "testcontainers-redis-cluster:probe:";

/** A write that one node acknowledged. */
export interface ProbeReply {
  /** When the write was sent, in milliseconds since the epoch by the clock of this host. */
  readonly sentAt: number;
  /** When the acknowledgement arrived, by the same clock. */
  readonly atMs: number;
  /** The clock of the node immediately after it executed the write; undefined if the node rejects TIME. */
  readonly serverMs: number | undefined;
}

/** Returns the key that a probe writes for a slot. */
function probeKey(slot: number): string {
  return keyForRange({ first: slot, last: slot }, KEY_PREFIX);
}

/**
 * Writes single keys to single nodes. Each node has its own connection, so that it is certain which node acknowledged a write. A
 * node that does not serve the key rejects the write with MOVED, which a cluster client would follow to another node. A write has
 * no timeout: a node that was paused may acknowledge it much later, and this acknowledgement counts.
 */
export class ProbeWriter implements AsyncDisposable {
  readonly #access: Access;
  readonly #clients: ReadonlyMap<string, Redis>;
  readonly #deletionTimeoutMs: number;
  /** The key of each slot, and the nodes to which it was sent. A paused node may still execute a write that it has not answered. */
  readonly #written = new Map<number, { readonly key: string; readonly nodes: Set<string> }>();

  private constructor(plan: ClusterPlan, addresses: AddressTable, access: Access) {
    this.#access = access;
    this.#deletionTimeoutMs = DELETION_TIMEOUT_MS * plan.timeScale;
    this.#clients = new Map(
      plan.nodes.map((node) => [
        node.name,
        openNodeClient(node, addresses, {
          ...accessOptions(access),
          retryStrategy: reconnectMs,
          enableOfflineQueue: false,
          enableReadyCheck: false,
          autoResubscribe: false,
          // If a write were sent a second time, its `sentAt` would be wrong.
          autoResendUnfulfilledCommands: false,
          maxRetriesPerRequest: 0,
          connectTimeout: CONNECT_TIMEOUT_MS * plan.timeScale,
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
    const settled = new AbortController();
    try {
      const stop = AbortSignal.any([signal, settled.signal]);
      await Promise.any([...probe.#clients.keys()].map((node) => probe.ready(node, stop)));
      return probe;
    } catch (error) {
      await probe[Symbol.asyncDispose]();
      throw signal.aborted ? signal.reason : error;
    } finally {
      settled.abort();
    }
  }

  /** Resolves when a node has accepted a connection. Rejects only when the signal is aborted. */
  async ready(node: string, signal: AbortSignal): Promise<void> {
    await whenReady(this.#client(node), signal);
  }

  /**
   * Writes the key of a slot to a node. Rejects if the node rejects the write, for example because it does not serve the slot, or if
   * the connection is closed before the answer.
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
    const [[error] = [new Error(`Writing to ${node} failed: it returned no reply.`)], [, time] = []] =
      outcomes ?? [];
    if (error) throw error;
    const atMs = wallClockMs();
    return { sentAt, atMs, serverMs: serverTime(time) };
  }

  #client(node: string): Redis {
    const client = this.#clients.get(node);
    if (client === undefined) throw new TypeError(`Unknown node: ${node}`);
    return client;
  }

  /**
   * Deletes the keys that it has written, and closes its connections. It waits at most half a second, multiplied by the time scale,
   * for the answers to the deletions.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    // The deletions follow the writes on the same connections. A replica rejects them, and loses the key when its primary does.
    const deletions = [...this.#written.values()].flatMap(({ key, nodes }) =>
      [...nodes].map((node) => this.#client(node).call(commandName(this.#access, "DEL"), key)),
    );
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#deletionTimeoutMs);
    try {
      await Promise.race([Promise.allSettled(deletions), timedOut]);
    } finally {
      clearTimeout(timer);
      for (const client of this.#clients.values()) client.disconnect();
    }
  }
}

/** Parses the reply to TIME, which contains the seconds and the microseconds of that second. Returns milliseconds. */
function serverTime(reply: unknown): number | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [seconds, micros] = reply.map(Number);
  const ms = Number(seconds) * 1_000 + Number(micros) / 1_000;
  return Number.isFinite(ms) ? ms : undefined;
}
