import type { Keyspace } from "./keyspace.ts";
import type { OperationLog } from "./operation-log.ts";

/** All that is known of a run when its writers have stopped. */
export interface History {
  readonly log: OperationLog;
  readonly keyspace: Keyspace;
  /** What has to be added to `performance.now()` for milliseconds since the epoch. */
  readonly epochOffsetMs: number;
  readonly seed: number;
  readonly timeScale: number;
  /** How often the clients sent a command again by themselves, by the word of the reply. */
  readonly redirects: ReadonlyMap<string, number>;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly stoppedAt: number;
}

/** By writer and sequence: the row of the write, or −1; 4 bytes each. */
export type RowsByToken = readonly Int32Array[];

/** Finds the rows of all writes. */
export function rowsByToken({ log }: History): RowsByToken {
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
