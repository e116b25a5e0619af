import type { Cluster } from "ioredis";
import type { WriteKind } from "./ledger.ts";
import { decodeValue } from "./token.ts";

/** Sends one write. ioredis routes the command, follows redirects and repeats the command by its own rules. */
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

/** The replies to a write and to its WAIT. */
export interface WaitedReply {
  /** The reply to the write. */
  readonly reply: unknown;
  /** The error of the write, if it failed. */
  readonly error: Error | undefined;
  /** The number of replicas that have the write; undefined if WAIT failed or got no reply. */
  readonly replicas: number | undefined;
  /** The error of WAIT, if it failed. */
  readonly waitError: Error | undefined;
}

/**
 * Sends a write and WAIT on one connection. WAIT refers to the writes of the connection on which it arrives, and it has no key by
 * which a client could route it. An ioredis pipeline is sent to one node as a whole: `Pipeline.exec` takes the slot from the
 * commands that have keys, all commands share the node that the first one resolves, and they are sent in one socket write. If a
 * pipeline is repeated after a closed connection, all its commands are repeated.
 *
 * ioredis does not follow MOVED for such a pipeline, because WAIT has succeeded. See {@link refreshRoute}.
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
    replicas: waited === undefined || waited[0] !== null ? undefined : parseInteger(waited[1]),
    waitError: waited?.[0] ?? undefined,
  };
}

/** Lets the client find out which node serves a key now, by a read that it redirects. The result of the read is irrelevant. */
export function refreshRoute(client: Cluster, name: string): void {
  client.exists(name).catch(() => {});
}

/** Sends the read command of a kind. {@link observedValue} interprets the reply. */
export function sendRead(client: Cluster, kind: WriteKind, name: string): Promise<unknown> {
  if (kind === "append") return client.llen(name);
  if (kind === "member") return client.scard(name);
  return client.get(name);
}

/**
 * Returns the integer in a reply, which is a string if the ioredis option `stringNumbers` is set; undefined for other replies.
 */
export function parseInteger(reply: unknown): number | undefined {
  if (typeof reply !== "number" && (typeof reply !== "string" || reply.trim() === "")) return undefined;
  const count = Number(reply);
  return Number.isInteger(count) ? count : undefined;
}

/** Returns the number in the reply to a read: the sequence of a key or register, a count, or a length; 0 if there is no value. */
export function observedValue(kind: WriteKind, reply: unknown): number {
  if (kind === "set" || kind === "register") {
    return typeof reply === "string" ? (decodeValue(reply)?.sequence ?? 0) : 0;
  }
  return Math.max(0, parseInteger(reply) ?? 0);
}
