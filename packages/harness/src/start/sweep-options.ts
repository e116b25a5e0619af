import { flag, type OptionTable } from "../schema/option.ts";
import type { SweepOptions } from "./options.generated.ts";

/** The options of a sweep besides those of all waits. `./dev pnpm run generate` writes the type in options.generated.ts from it. */
export const SWEEP_OPTIONS: OptionTable<Pick<SweepOptions, "dryRun">> = {
  dryRun: {
    schema: flag(),
    description: "Whether the sweep only reports what it would remove.",
    default: false,
  },
};
