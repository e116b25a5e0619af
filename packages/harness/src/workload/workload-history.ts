import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

/** A writer that had to stop early, because its client had ended. */
interface EndedWriter {
  readonly writer: number;
  /** When its client ended, by `monotonicMs()`. */
  readonly at: number;
}

/** All that is known of a run when its writers have stopped. */
export interface WorkloadHistory {
  readonly log: OperationLog;
  readonly keyspace: Keyspace;
  /** Converts a moment of the log to milliseconds since the epoch. */
  readonly toEpoch: (at: number) => number;
  /** What every key begins with. */
  readonly keyPrefix: string;
  /** The name of the node behind a number in the log's column `source`; undefined when it is not known. */
  readonly nodeNameOf: (source: number) => string | undefined;
  /** The writers whose client ended for good while the workload was running. */
  readonly endedWriters: readonly EndedWriter[];
  readonly seed: number;
  readonly timeScale: number;
  /** How often the clients sent a command again by themselves, by the word of the reply. */
  readonly redirects: ReadonlyMap<string, number>;
  /** By `monotonicMs()`. */
  readonly startedAt: number;
  readonly stoppedAt: number;
}

/** By writer and sequence: the row of the write, or −1; 4 bytes each. */
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
