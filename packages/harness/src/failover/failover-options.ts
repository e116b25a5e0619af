import { flag, instanceOf, numberAbove, type OptionTable } from "../schema/option.ts";
import type { ObserveFailoverOptions } from "./options.generated.ts";

/** The options of an observation. */
export const OBSERVE_FAILOVER_OPTIONS: OptionTable<ObserveFailoverOptions> = {
  withinMs: {
    schema: numberAbove(0, Number.MAX_VALUE, "a number of milliseconds above 0"),
    remedy: "Leave it out for the default of 10 000 ms plus eight node timeouts.",
    description:
      "Maximum time from the fault until the cluster has recovered, in milliseconds: a number above 0. It is multiplied by the time scale of the cluster.",
    defaultText:
      "10 000 plus eight node timeouts, which is about twice the time that a failover takes by the rules of the server",
  },
  waitForOldPrimary: {
    schema: flag(),
    description: "Whether to wait until the old primary has also rejoined, as a replica that is in sync.",
    default: false,
  },
  signal: {
    schema: instanceOf("an AbortSignal", AbortSignal),
    description:
      "Ends the observation with WAIT_ABORTED when it is aborted. The action itself is not aborted.",
    defaultText: "no signal",
  },
};
