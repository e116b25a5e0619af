import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { wallClockMs } from "../clock/real-time.ts";
import { withTimeout } from "../timing/deadline.ts";
import { type LogLine, parseLogLine } from "./parse-log.ts";
import type { ServerClock } from "./server-clock.ts";

/** A log line about a failover, with its node and its time in milliseconds since the epoch by the clock of this host. */
export interface NodeLogLine extends LogLine {
  readonly node: string;
  readonly atMs: number;
}

/**
 * Follows the log of a node until the signal aborts or the log ends, and then destroys the stream. Never rejects: if the log is
 * unavailable, only the log lines of this node are missing in the timeline.
 */
export async function watchLog(options: {
  readonly node: string;
  readonly open: (sinceEpochSeconds: number) => Promise<Readable>;
  /** Maximum time for opening the log, in milliseconds. */
  readonly openTimeoutMs: number;
  readonly clock: ServerClock;
  /** Earlier lines are ignored. Milliseconds since the epoch, by the clock of this host. */
  readonly sinceMs: number;
  readonly onLine: (line: NodeLogLine) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { node, open, openTimeoutMs, clock, sinceMs, onLine, signal } = options;
  const opening = open(Math.floor((sinceMs + clock.offsetMs) / 1_000));
  let stream: Readable;
  try {
    stream = await withTimeout(opening, openTimeoutMs, signal);
  } catch {
    // A stream that is opened after the timeout is also closed.
    opening.then(
      (late) => late.destroy(),
      () => {},
    );
    return;
  }
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  // A stream that is destroyed during a read may still emit an error. Without a listener that would end the process.
  stream.on("error", end);
  stream.once("close", end);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (text) => {
    const line = parseLogLine(text);
    if (line === undefined) return;
    const atMs = clock.toHostMs(line.writtenMs, wallClockMs());
    if (atMs >= sinceMs) onLine({ ...line, node, atMs });
  });
  // readline forwards the errors of the stream to its own listeners.
  lines.on("error", end);
  lines.once("close", end);
  signal.addEventListener("abort", end, { once: true });
  try {
    if (!signal.aborted) await ended;
  } finally {
    signal.removeEventListener("abort", end);
    lines.close();
    stream.destroy();
  }
}
