import type { Cluster } from "ioredis";
import type { WriteKind } from "./ledger.ts";
import { decodeValue } from "./token.ts";

/** Sends one write. ioredis routes it, follows redirections and repeats it by its own rules. */
export function sendWrite(client: Cluster, kind: WriteKind, name: string, value: string): Promise<unknown> {
  switch (kind) {
    case "set":
    case "register":
      return client.set(name, value);
    case "append":
      return client.rpush(name, value);
    case "counter":
      return client.incr(name);
    case "member":
      return client.sadd(name, value);
    default:
      return kind satisfies never;
  }
}

/** What a write and its WAIT were answered. */
export interface WaitedReply {
  readonly reply: unknown;
  /** Set where the write itself was refused. */
  readonly error: Error | undefined;
  /** How many replicas have it; undefined where WAIT had no answer of its own. */
  readonly replicas: number | undefined;
  readonly waitError: Error | undefined;
}

/**
 * Sends a write and WAIT on one connection. WAIT speaks of the writes of the connection it comes in on, and has no
 * key to be routed by; but an ioredis pipeline goes to one node as a whole: `Pipeline.exec` takes the slot from the
 * commands that have keys, all commands share the node that the first one resolves, and they leave in one socket
 * write. If it is repeated after a closed connection, all of it is. What ioredis does not do for such a pipeline is to
 * follow MOVED, because WAIT has succeeded meanwhile: see {@link learnRoute}.
 */
export async function sendWriteAndWait(
  client: Cluster,
  kind: WriteKind,
  name: string,
  value: string,
  wait: { readonly replicas: number; readonly timeoutMs: number },
): Promise<WaitedReply> {
  const pipeline = client.pipeline();
  if (kind === "append") pipeline.rpush(name, value);
  else if (kind === "counter") pipeline.incr(name);
  else if (kind === "member") pipeline.sadd(name, value);
  else pipeline.set(name, value);
  const results = (await pipeline.wait(wait.replicas, wait.timeoutMs).exec()) ?? [];
  const [written, waited] = results;
  return {
    reply: written?.[1],
    error: written === undefined ? new Error("no reply") : (written[0] ?? undefined),
    replicas: waited === undefined || waited[0] !== null ? undefined : countIn(waited[1]),
    waitError: waited?.[0] ?? undefined,
  };
}

/** Makes the client learn who serves a key now, by a read that it does redirect. Whether it works is no news. */
export function learnRoute(client: Cluster, name: string): void {
  client.exists(name).catch(() => {});
}

/** Sends the read of a kind; {@link observedBy} reads the answer. */
export function sendRead(client: Cluster, kind: WriteKind, name: string): Promise<unknown> {
  if (kind === "append") return client.llen(name);
  if (kind === "member") return client.scard(name);
  return client.get(name);
}

/** The integer in a reply, which ioredis gives as text if its option `stringNumbers` is set; undefined if it is none. */
export function countIn(reply: unknown): number | undefined {
  if (typeof reply !== "number" && (typeof reply !== "string" || reply.trim() === "")) return undefined;
  const count = Number(reply);
  return Number.isInteger(count) ? count : undefined;
}

/** The number in a read's answer: a register's or key's sequence, a count, a length; 0 where there is nothing. */
export function observedBy(kind: WriteKind, reply: unknown): number {
  if (kind === "set" || kind === "register") {
    return typeof reply === "string" ? (decodeValue(reply)?.sequence ?? 0) : 0;
  }
  return Math.max(0, countIn(reply) ?? 0);
}
