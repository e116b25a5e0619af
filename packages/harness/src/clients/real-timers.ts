import type { Cluster, Redis } from "ioredis";
import { cancelGlobalTimeout, clearTimeout, setTimeout } from "../clock/real-time.ts";

// ioredis calls the global `setTimeout` whenever it needs a timer. Under fake timers, clients would never reconnect and
// never send a delayed command again. The functions of this file replace these timers in one client. Private members of
// ioredis that no longer have these names would only mean that ioredis uses its own timers again.

/**
 * Makes a client reconnect by real timers: `closeHandler` in event_handler.js of ioredis, `handleCloseEvent` in its
 * cluster/index.js.
 */
export function reconnectInRealTime(client: Redis | Cluster): void {
  const options = client.options as Record<string, unknown>;
  const name = client.isCluster ? "clusterRetryStrategy" : "retryStrategy";
  const strategy = options[name];
  if (typeof strategy !== "function") return;
  let delayMs = 0;
  options[name] = function (this: unknown, ...given: unknown[]): unknown {
    const answer: unknown = strategy.apply(this, given);
    if (typeof answer === "number") delayMs = answer;
    return answer;
  };
  let timer: NodeJS.Timeout | undefined;
  Object.defineProperty(client, "reconnectTimeout", {
    configurable: true,
    // ioredis would clear the timer with the global function, and fake timers warn about timers that are not theirs.
    get: () => null,
    set: (created: unknown) => {
      clearTimeout(timer);
      if (created === null) return;
      cancelGlobalTimeout(created);
      timer = setTimeout(() => {
        // Otherwise it was disconnected or connected in the meantime. A cluster client whose connections end one after the
        // other falls from "reconnecting" back to "close".
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

/** Makes a cluster client wait by real timers before it sends a command again or refreshes its slots. */
export function waitInRealTime(client: Cluster): void {
  reconnectInRealTime(client);
  Object.assign(client, { delayQueue: new RealDelayQueue(), ...refreshTimer(client) });
}

/** The options of one entry of a delay queue. */
interface Delay {
  readonly timeout: number;
  readonly callback?: (done: () => void) => void;
}

/** Stands in for ioredis' DelayQueue, which runs everything in a bucket at the time of its first entry. */
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
        for (const each of items) each();
      });
    }, timeout);
  }
}

/**
 * Replaces the timer of `slotsRefreshInterval`. In ioredis 6.0 a refresh that is in flight when the client is disconnected
 * schedules the next one when it ends, so that refreshes continue for ever and keep the process alive; these do not.
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
