import type { NodeConnection } from "../clients/node-connection.ts";
import { wallClockMs } from "../clock/real-time.ts";
import { withTimeout } from "../timing/deadline.ts";

const QUARTER_HOUR_MS = 900_000;
const SAMPLE_COUNT = 3;
const ANSWER_TIMEOUT_MS = 500;

/** Converts the times of one server's log lines to the clock of this host, as `Date.now()` returns it. */
export interface ServerClock {
  /** How far the clock of the server is ahead of the clock of this host, in milliseconds. */
  readonly offsetMs: number;
  /** Maximum error of `offsetMs`, in either direction. */
  readonly errorMs: number;
  /**
   * Converts the time of a log line.
   *
   * @param writtenMs the time in the log line, read as UTC.
   * @param arrivedMs when the line arrived, by the clock of this host: within seven minutes of the time when it was written.
   */
  toHostMs(writtenMs: number, arrivedMs: number): number;
}

/**
 * Creates a clock for a server. Log lines do not contain their time zone. All time zones in use differ from UTC by a multiple of
 * a quarter hour, so the time zone is the one with which the line was written closest to the time when it arrived.
 */
export function createServerClock(offsetMs: number, errorMs = 0): ServerClock {
  return {
    offsetMs,
    errorMs,
    toHostMs(writtenMs, arrivedMs) {
      const zoneMs = Math.round((writtenMs - (arrivedMs + offsetMs)) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
      return writtenMs - zoneMs - offsetMs;
    },
  };
}

/** One request for the time of a server: when it was sent, the time of the server, and when the reply arrived. */
export interface TimeSample {
  readonly sentMs: number;
  readonly serverMs: number;
  readonly receivedMs: number;
}

/**
 * Returns how far the clock of a server is ahead, from the sample with the fastest reply. Returns 0 if the offset is not larger
 * than its possible error: containers use the clock of their host, and a correction by the network delay would only add noise.
 */
export function computeOffset(samples: readonly TimeSample[]): number {
  const fastest = findFastest(samples);
  if (fastest === undefined) return 0;
  const offsetMs = fastest.serverMs - (fastest.sentMs + fastest.receivedMs) / 2;
  return Math.abs(offsetMs) <= computeOffsetError(samples) ? 0 : offsetMs;
}

/** Returns the maximum error of {@link computeOffset}. */
export function computeOffsetError(samples: readonly TimeSample[]): number {
  const fastest = findFastest(samples);
  // Date.now() returns whole milliseconds at both ends.
  return fastest === undefined ? 0 : (fastest.receivedMs - fastest.sentMs) / 2 + 1;
}

function findFastest(samples: readonly TimeSample[]): TimeSample | undefined {
  return samples.toSorted((a, b) => a.receivedMs - a.sentMs - (b.receivedMs - b.sentMs))[0];
}

/** Reads the clock of a node. A node that does not answer gets the clock of this host. */
export async function readClock(
  connection: NodeConnection,
  timeScale: number,
  signal: AbortSignal,
): Promise<ServerClock> {
  const samples: TimeSample[] = [];
  try {
    for (let index = 0; index < SAMPLE_COUNT; index += 1) {
      const sentMs = wallClockMs();
      const [seconds = "", micros = ""] = (
        await withTimeout(connection.text("TIME"), ANSWER_TIMEOUT_MS * timeScale, signal)
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
  return createServerClock(computeOffset(samples), computeOffsetError(samples));
}
