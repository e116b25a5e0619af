import type { Cluster, Redis } from "ioredis";
import { cancelGlobalTimeout, clearTimeout, setTimeout } from "../clock/real-time.ts";

// ioredis calls the global `setTimeout` whenever it needs a timer. With fake timers, clients would never reconnect, and never
// resend a delayed command. The functions of this file replace these timers in one client. If a later ioredis renames the private
// members that they replace, the only effect is that ioredis uses its own timers again.

/**
 * Replaces the timer with which a client reconnects with a real one. ioredis sets the timer in `closeHandler` of event_handler.js and
 * in `handleCloseEvent` of cluster/index.js.
 */
export function reconnectInRealTime(client: Redis | Cluster): void {
  const options = client.options as Record<string, unknown>;
  const name = client.isCluster ? "clusterRetryStrategy" : "retryStrategy";
  const strategy = options[name];
  if (typeof strategy !== "function") return;
  let delayMs = 0;
  options[name] = function (this: unknown, ...args: unknown[]): unknown {
    const result: unknown = strategy.apply(this, args);
    if (typeof result === "number") delayMs = result;
    return result;
  };
  let timer: NodeJS.Timeout | undefined;
  Object.defineProperty(client, "reconnectTimeout", {
    configurable: true,
    // ioredis would clear the timer with the global function, which warns about real timers if fake timers are installed.
    get: () => null,
    set: (created: unknown) => {
      clearTimeout(timer);
      if (created === null) return;
      cancelGlobalTimeout(created);
      timer = setTimeout(() => {
        // In any other status the client was disconnected or connected meanwhile. The status of a cluster client whose connections
        // end one after the other changes from "reconnecting" back to "close".
        if (client.status === "reconnecting" || client.status === "close") client.connect().catch(() => {});
      }, delayMs);
    },
  });
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect) clearTimeout(timer);
    disconnect(reconnect);
  };
}

/** Replaces the timers with which a cluster client reconnects, resends commands and refreshes its slots with real ones. */
export function waitInRealTime(client: Cluster): void {
  reconnectInRealTime(client);
  Object.assign(client, { delayQueue: new RealDelayQueue(), ...refreshTimer(client) });
}

/** The options of one entry of a delay queue. */
interface Delay {
  readonly timeout: number;
  readonly callback?: (done: () => void) => void;
}

/** Replaces the DelayQueue of ioredis, which runs all entries of a bucket at the time of the first entry. */
class RealDelayQueue {
  readonly #buckets = new Map<string, (() => void)[]>();

  push(bucket: string, item: () => void, { timeout, callback = (done) => done() }: Delay): void {
    const waiting = this.#buckets.get(bucket);
    if (waiting !== undefined) {
      waiting.push(item);
      return;
    }
    const items = [item];
    this.#buckets.set(bucket, items);
    setTimeout(() => {
      callback(() => {
        this.#buckets.delete(bucket);
        for (const run of items) run();
      });
    }, timeout);
  }
}

/**
 * Replaces the timer of `slotsRefreshInterval`. In ioredis 6.0, a refresh that is running when the client is disconnected schedules
 * another refresh when it ends. Refreshes then continue forever and keep the process alive. With this timer they do not.
 */
function refreshTimer(client: Cluster): object {
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    const intervalMs = client.options.slotsRefreshInterval;
    if (timer !== undefined || !intervalMs) return;
    const own = setTimeout(() => {
      client.refreshSlotsCache(() => {
        if (timer !== own) return;
        timer = undefined;
        if (client.status === "ready") schedule();
      });
    }, intervalMs);
    timer = own;
  };
  return {
    resetNodesRefreshInterval: schedule,
    clearNodesRefreshInterval: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
