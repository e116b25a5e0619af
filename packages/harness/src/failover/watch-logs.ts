import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type LogLine, parseLogLine } from "./parse-log.ts";
import type { ServerClock } from "./server-clock.ts";
import { withTimeout } from "../timing/deadline.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** A log line that says something about a failover, with its moment as `Date.now()` tells it. */
export interface NodeLogLine extends LogLine {
  readonly node: string;
  readonly atMs: number;
}

/**
 * Follows a node's log until the signal aborts or the log ends, and then destroys the stream. Never rejects: without
 * its log a node's part of the timeline is missing, and nothing else.
 */
export async function watchLog(options: {
  readonly node: string;
  readonly open: (sinceEpochSeconds: number) => Promise<Readable>;
  /** How long opening may take. */
  readonly openLimitMs: number;
  readonly clock: ServerClock;
  /** Lines from before are passed over. */
  readonly sinceMs: number;
  readonly onLine: (line: NodeLogLine) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { node, open, openLimitMs, clock, sinceMs, onLine, signal } = options;
  const opening = open(Math.floor((sinceMs + clock.aheadMs) / 1_000));
  let stream: Readable;
  try {
    stream = await withTimeout(opening, openLimitMs, signal);
  } catch {
    // One that comes too late is closed as well.
    opening.then(
      (late) => late.destroy(),
      () => {},
    );
    return;
  }
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  // A stream that is destroyed while it waits may still fail, and nobody else listens.
  stream.on("error", end);
  stream.once("close", end);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (text) => {
    const line = parseLogLine(text);
    if (line === undefined) return;
    const atMs = clock.toHostMs(line.writtenMs, wallClockMs());
    if (atMs >= sinceMs) onLine({ ...line, node, atMs });
  });
  // readline passes the stream's errors on to its own listeners.
  lines.on("error", end);
  lines.once("close", end);
  signal.addEventListener("abort", end, { once: true });
  try {
    if (!signal.aborted) await over;
  } finally {
    signal.removeEventListener("abort", end);
    lines.close();
    stream.destroy();
  }
}
