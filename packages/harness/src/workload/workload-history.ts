import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

/** A writer that stopped early because its client had ended. */
interface EndedWriter {
  readonly writer: number;
  /** When the client ended, by `monotonicMs()`. */
  readonly at: number;
}

/** Everything that is known about a run when its writers have stopped. */
export interface WorkloadHistory {
  readonly log: OperationLog;
  readonly keyspace: Keyspace;
  /** Converts a time of the log to milliseconds since the epoch. */
  readonly toEpoch: (at: number) => number;
  /** The beginning of every key. */
  readonly keyPrefix: string;
  /** Returns the name of the node for a number of the log's column `source`; undefined if the node is unknown. */
  readonly nodeNameOf: (source: number) => string | undefined;
  /** The writers whose client ended permanently while the workload was running. */
  readonly endedWriters: readonly EndedWriter[];
  readonly seed: number;
  readonly timeScale: number;
  /** Number of commands that the clients repeated by themselves, by the error word of the reply. */
  readonly redirects: ReadonlyMap<string, number>;
  /** When the writers started, by `monotonicMs()`. */
  readonly startedAt: number;
  /** When the last writer had stopped, by `monotonicMs()`. */
  readonly stoppedAt: number;
}

/** The row of each write, by writer and sequence; −1 if there is none. Needs 4 bytes for each write. */
export type RowsByToken = readonly Int32Array[];

/** Finds the rows of all writes. */
export function rowsByToken({ log }: WorkloadHistory): RowsByToken {
  const last: number[] = [];
  for (let row = 0; row < log.length; row += 1) {
    if (log.isRead(row)) continue;
    const writer = log.writer(row);
    last[writer] = Math.max(last[writer] ?? 0, log.sequence(row));
  }
  const rows = Array.from({ length: last.length }, (_, writer) =>
    new Int32Array((last[writer] ?? 0) + 1).fill(-1),
  );
  for (let row = 0; row < log.length; row += 1) {
    if (!log.isRead(row)) (rows[log.writer(row)] as Int32Array)[log.sequence(row)] = row;
  }
  return rows;
}
