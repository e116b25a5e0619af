import { orAborted } from "../lifecycle/deadline.ts";
import { clearTimeout, setTimeout } from "../clock/real-time.ts";

/** Gives what the promise gives, or rejects after `limitMs` or with the signal. What was asked for goes on unheard. */
export async function within<T>(promise: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error(`no answer for ${limitMs} ms`));
  }, limitMs);
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await orAborted(promise, controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
