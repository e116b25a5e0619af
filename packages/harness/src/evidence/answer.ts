import { messageOf } from "../errors.ts";
import { withTimeout } from "../timing/deadline.ts";

/** The answer to a query, or the reason why it is missing. */
export type Answer<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "missing"; readonly reason: string };

/** Waits for the answer to a query, until the timeout passes or the signal aborts. Never rejects. */
export async function answerWithin<T>(
  query: () => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer<T>> {
  try {
    return { kind: "answered", value: await withTimeout(query(), timeoutMs, signal) };
  } catch (error) {
    return { kind: "missing", reason: messageOf(error) };
  }
}
