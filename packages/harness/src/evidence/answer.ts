import { messageOf } from "../errors.ts";
import { withTimeout } from "../timing/deadline.ts";

/** What was answered, or why nothing was. */
export type Answer<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "missing"; readonly reason: string };

/** Waits for an answer at most `limitMs` and no longer than the signal allows. Never rejects. */
export async function answerOf<T>(
  ask: () => Promise<T>,
  limitMs: number,
  signal: AbortSignal,
): Promise<Answer<T>> {
  try {
    return { kind: "answered", value: await withTimeout(ask(), limitMs, signal) };
  } catch (error) {
    return { kind: "missing", reason: messageOf(error) };
  }
}
