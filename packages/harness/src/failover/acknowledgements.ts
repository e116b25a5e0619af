import type { ProbeReply } from "../clients/probe-writer.ts";
import type { ServerClock } from "./server-clock.ts";

/** A write to a shard that one of its nodes acknowledged. Times are milliseconds since the epoch, by the clock of this host. */
export interface Acknowledgement {
  readonly node: string;
  /** When the acknowledgement arrived. */
  readonly atMs: number;
  /** When the node executed the write. */
  readonly executedAt: number;
}

/**
 * Converts a reply to the clock of this host. The node executed the write after it was sent and before the reply arrived, even if
 * the clock of the node is wrong. If the reply has no time of the node, the earliest possible time is used.
 */
export function toAcknowledgement(
  node: string,
  { sentAt, atMs, serverMs }: ProbeReply,
  clock: Pick<ServerClock, "offsetMs"> | undefined,
): Acknowledgement {
  const executedAt =
    serverMs === undefined ? sentAt : Math.min(Math.max(serverMs - (clock?.offsetMs ?? 0), sentAt), atMs);
  // Log lines, which are compared with this time, also have timestamps in whole milliseconds.
  return { node, atMs, executedAt: Math.floor(executedAt) };
}

/** A period in which a node owned a shard. It ends when the next term starts. */
export interface Term {
  readonly node: string;
  readonly fromMs: number;
}

/** Returns a predicate: whether the owner of a term executed a write during that term. */
function isWithinTerm(
  terms: readonly Term[],
  index: number,
  toleranceMs: number,
): (write: Acknowledgement) => boolean {
  const term = terms[index];
  const toMs = terms[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
  return ({ node, executedAt }) =>
    node === term?.node && executedAt >= term.fromMs - toleranceMs && executedAt <= toMs + toleranceMs;
}

/**
 * Returns the writes that a former primary of the shard executed after it had been replaced. Only writes that are certainly later
 * than the promotion of the other node count.
 *
 * @param terms the owners of the shard, in order. The first term started before the observation.
 * @param toleranceMs the maximum difference between the clocks of two nodes, in milliseconds.
 */
export function selectLateWrites(
  acknowledgements: readonly Acknowledgement[],
  terms: readonly Term[],
  toleranceMs: number,
): readonly Acknowledgement[] {
  const isWithin = terms.map((_, index) => isWithinTerm(terms, index, toleranceMs));
  return acknowledgements.filter(
    (write) =>
      !isWithin.some((isWithinOne) => isWithinOne(write)) &&
      terms.some(({ node, fromMs }) => node === write.node && write.executedAt > fromMs),
  );
}

/** Returns the last write that a primary of the shard executed before the last term started. */
export function findLastWriteBeforeLastTerm(
  acknowledgements: readonly Acknowledgement[],
  terms: readonly Term[],
  toleranceMs: number,
): Acknowledgement | undefined {
  const isWithin = terms.slice(0, -1).map((_, index) => isWithinTerm(terms, index, toleranceMs));
  return findLatest(acknowledgements.filter((write) => isWithin.some((isWithinOne) => isWithinOne(write))));
}

/** Returns the acknowledgement of the write that was executed last. */
export function findLatest(acknowledgements: readonly Acknowledgement[]): Acknowledgement | undefined {
  return acknowledgements.reduce<Acknowledgement | undefined>(
    (latest, write) => (latest === undefined || write.executedAt > latest.executedAt ? write : latest),
    undefined,
  );
}
