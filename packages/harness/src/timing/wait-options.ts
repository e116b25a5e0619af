import { instanceOf, numberAbove, type OptionTable } from "../schema/option.ts";
import { MAX_TIMEOUT_MS } from "./deadline.ts";
import type { WaitOptions } from "./options.generated.ts";

/** The options of calls that wait. `startCallDeadline` validates them. */
export const WAIT_OPTIONS: OptionTable<WaitOptions> = {
  timeoutMs: {
    // A timer of more than 2^31 − 1 ms fires at once.
    schema: numberAbove(0, MAX_TIMEOUT_MS, "a number of milliseconds above 0 and below 2^31"),
    description:
      "The timeout of the whole call in milliseconds, above 0 and below 2^31. It is multiplied by the cluster's time scale. For the first network fault, the search for the image of the helper container has the same timeout once more, and its pull has a timeout of ten minutes.",
    defaultText: "10 000, or ten node timeouts if that is longer",
  },
  signal: {
    schema: instanceOf("an AbortSignal", AbortSignal),
    description: "When this signal aborts, the call rejects with WAIT_ABORTED.",
    defaultText: "no signal",
  },
};
