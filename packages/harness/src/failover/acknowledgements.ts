import type { ProbeReply } from "../clients/probe-writer.ts";
import type { ServerClock } from "./server-clock.ts";

/** A write to a shard that one of its nodes acknowledged. Moments are milliseconds since the epoch by this machine's clock. */
export interface Acknowledgement {
  readonly node: string;
  /** When the acknowledgement arrived. */
  readonly atMs: number;
  /** When the node executed the write. */
  readonly executedAt: number;
}

/**
 * Puts a reply on this machine's clock. The node executed the write between sending and answering, however little its
 * clock can be trusted; without its clock it may have been at any moment between, and the earliest is taken.
 */
export function acknowledgementOf(
  node: string,
  { sentAt, atMs, serverMs }: ProbeReply,
  clock: Pick<ServerClock, "aheadMs"> | undefined,
): Acknowledgement {
  const executedAt =
    serverMs === undefined ? sentAt : Math.min(Math.max(serverMs - (clock?.aheadMs ?? 0), sentAt), atMs);
  // Log lines, with which this is compared, are stamped in whole milliseconds too.
  return { node, atMs, executedAt: Math.floor(executedAt) };
}

/** A node that owned a shard, and from when on: until the next term begins. */
export interface Term {
  readonly node: string;
  readonly fromMs: number;
}

/** Whether a node acknowledged a write in the term of the given index. */
function isIn(terms: readonly Term[], index: number, slackMs: number): (each: Acknowledgement) => boolean {
  const term = terms[index];
  const toMs = terms[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
  return ({ node, executedAt }) =>
    node === term?.node && executedAt >= term.fromMs - slackMs && executedAt <= toMs + slackMs;
}

/**
 * Returns the acknowledgements of nodes that had been the shard's primary and had been replaced: those that are certain to
 * be later than the other node's promotion.
 *
 * @param terms who owned the shard, in order, the first one since before the observation.
 * @param slackMs how far the clocks of two nodes may be apart.
 */
export function ofDeposed(
  acknowledgements: readonly Acknowledgement[],
  terms: readonly Term[],
  slackMs: number,
): readonly Acknowledgement[] {
  const own = terms.map((_, index) => isIn(terms, index, slackMs));
  return acknowledgements.filter(
    (each) =>
      !own.some((isOwn) => isOwn(each)) &&
      terms.some(({ node, fromMs }) => node === each.node && each.executedAt > fromMs),
  );
}

/** Returns the last write that a primary of the shard executed before the last term began. */
export function lastBefore(
  acknowledgements: readonly Acknowledgement[],
  terms: readonly Term[],
  slackMs: number,
): Acknowledgement | undefined {
  const earlier = terms.slice(0, -1).map((_, index) => isIn(terms, index, slackMs));
  return latest(acknowledgements.filter((each) => earlier.some((isOwn) => isOwn(each))));
}

/** Returns the acknowledgement of the write that was executed last. */
export function latest(acknowledgements: readonly Acknowledgement[]): Acknowledgement | undefined {
  return acknowledgements.reduce<Acknowledgement | undefined>(
    (last, each) => (last === undefined || each.executedAt > last.executedAt ? each : last),
    undefined,
  );
}
