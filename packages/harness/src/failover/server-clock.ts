import type { NodeConnection } from "../clients/node-connection.ts";
import { withTimeout } from "../timing/deadline.ts";
import { wallClockMs } from "../clock/real-time.ts";

const QUARTER_HOUR_MS = 900_000;
const ASKED_TIMES = 3;
const ANSWER_LIMIT_MS = 500;

/** Translates the times of one server's log lines to this process's `Date.now()`. */
export interface ServerClock {
  /** How far the server's clock is ahead of ours, in milliseconds. */
  readonly aheadMs: number;
  /** By how much that may be wrong, in either direction. */
  readonly errorMs: number;
  /** @param arrivedMs when the line came, as `Date.now()` tells: within seven minutes of when it was written. */
  toHostMs(writtenMs: number, arrivedMs: number): number;
}

/**
 * Log lines do not say in which zone they are written. Every zone in use is a whole number of quarter hours away from
 * UTC, so the nearest one that lets a line have been written about when it arrived is the right one.
 */
export function serverClock(aheadMs: number, errorMs = 0): ServerClock {
  return {
    aheadMs,
    errorMs,
    toHostMs(writtenMs, arrivedMs) {
      const arrived = arrivedMs + aheadMs;
      const zoneMs = Math.round((writtenMs - arrived) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
      return writtenMs - zoneMs - aheadMs;
    },
  };
}

/** One question for the time: when it was sent, what the server said, when the answer was there. */
export interface TimeSample {
  readonly sentMs: number;
  readonly serverMs: number;
  readonly receivedMs: number;
}

/**
 * How far a server's clock is ahead. The quickest answer counts, and what it cannot tell from nothing is nothing:
 * containers have their host's clock, and a correction made of network delay would only add noise.
 */
export function aheadOf(samples: readonly TimeSample[]): number {
  const best = quickest(samples);
  if (best === undefined) return 0;
  const aheadMs = best.serverMs - (best.sentMs + best.receivedMs) / 2;
  return Math.abs(aheadMs) <= errorOf(samples) ? 0 : aheadMs;
}

/** By how much the result of {@link aheadOf} may be wrong. */
export function errorOf(samples: readonly TimeSample[]): number {
  const best = quickest(samples);
  // Date.now() is whole milliseconds at both ends.
  return best === undefined ? 0 : (best.receivedMs - best.sentMs) / 2 + 1;
}

function quickest(samples: readonly TimeSample[]): TimeSample | undefined {
  return samples.toSorted((a, b) => a.receivedMs - a.sentMs - (b.receivedMs - b.sentMs))[0];
}

/** Asks a node for its time. A node that does not answer counts as having ours. */
export async function readClock(
  connection: NodeConnection,
  timeScale: number,
  signal: AbortSignal,
): Promise<ServerClock> {
  const samples: TimeSample[] = [];
  try {
    for (let time = 0; time < ASKED_TIMES; time += 1) {
      const sentMs = wallClockMs();
      const [seconds = "", micros = ""] = (
        await withTimeout(connection.text("TIME"), ANSWER_LIMIT_MS * timeScale, signal)
      ).split(",");
      samples.push({
        sentMs,
        serverMs: Number(seconds) * 1_000 + Number(micros) / 1_000,
        receivedMs: wallClockMs(),
      });
    }
  } catch {
    signal.throwIfAborted();
  }
  return serverClock(aheadOf(samples), errorOf(samples));
}
