import { isError, messageOf } from "../errors.ts";
import type { Outcome } from "./operation-log.ts";

/** What an error means for a write. */
export interface ClassifiedError {
  readonly outcome: Exclude<Outcome, "acknowledged">;
  /** The word under which the ledger counts the error, such as `MOVED` or `timeout`. */
  readonly word: string;
}

/**
 * Derives from an ioredis error what happened to the write. Only an error reply is a refusal. After any other error the command
 * may or may not have reached the server.
 *
 * ioredis repeats a command by itself, and the error is that of the last attempt. If the earlier attempts were refused (MOVED,
 * ASK, TRYAGAIN, CLUSTERDOWN), nothing was applied. If one of them ended because the connection closed, its write may have been
 * applied. Therefore a refusal is certain only if no connection was closed in the meantime.
 */
export function classifyError(error: unknown, wasConnectionClosed: boolean): ClassifiedError {
  const name = isError(error) ? error.name : "";
  const message = messageOf(error);
  // "Too many Cluster redirections. Last error: ReplyError: MOVED 5 10.0.0.3:6379"
  const last = /^Too many Cluster redirections\. Last error: (?:(\w+): )?(.*)$/s.exec(message);
  const isRefusal = (last === null ? name : last[1]) === "ReplyError";
  const text = last?.[2] ?? message;
  if (isRefusal) {
    const word = /^[A-Z][A-Z0-9_]*/.exec(text)?.[0] ?? "ERR";
    return { outcome: wasConnectionClosed ? "unknown" : "failed", word };
  }
  return { outcome: "unknown", word: wordOf(error, text) };
}

function wordOf(error: unknown, text: string): string {
  if (/timed out|timeout/i.test(text)) return "timeout";
  if (/connection is closed|connection close|cluster is ended|retries per request/i.test(text))
    return "closed";
  if (/none of startup nodes|cluster isn't ready|failed to refresh slots/i.test(text)) return "unreachable";
  const code: unknown = isError(error) && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : "other";
}
