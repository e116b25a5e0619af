import { isError, messageOf } from "../errors.ts";
import type { Outcome } from "./operation-log.ts";

/** What an error means for the write, and the word it is counted under. */
export interface ClassifiedError {
  readonly outcome: Exclude<Outcome, "acknowledged">;
  readonly word: string;
}

/**
 * What an ioredis error says about the write. Only an error reply is a refusal: everything else leaves open whether
 * the command got through. ioredis repeats a command by itself, and the error is that of the last try: after a
 * refusal (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) nothing was applied before, but after a closed connection it may have
 * been. So a refusal is certain only where no connection was closed meanwhile.
 */
export function classifyError(error: unknown, connectionClosed: boolean): ClassifiedError {
  const name = isError(error) ? error.name : "";
  const message = messageOf(error);
  // "Too many Cluster redirections. Last error: ReplyError: MOVED 5 10.0.0.3:6379"
  const last = /^Too many Cluster redirections\. Last error: (?:(\w+): )?(.*)$/s.exec(message);
  const refused = (last === null ? name : last[1]) === "ReplyError";
  const text = last?.[2] ?? message;
  if (refused) {
    const word = /^[A-Z][A-Z0-9_]*/.exec(text)?.[0] ?? "ERR";
    return { outcome: connectionClosed ? "unknown" : "failed", word };
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
