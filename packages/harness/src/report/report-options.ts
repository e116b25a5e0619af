import { choice, flag, numberFrom, type OptionTable } from "../schema/option.ts";
import type { ReportPictureOptions, ReportTextOptions } from "./options.generated.ts";

// The options of reports. `./dev pnpm run generate` writes the types in options.generated.ts from them.

export const TEXT_OPTIONS: OptionTable<ReportTextOptions> = {
  columns: {
    schema: numberFrom(1, 10_000),
    description: "The length of a line in characters. A smaller value than 60 counts as 60.",
    defaultText: "the width of the terminal, or 100 if there is no terminal",
  },
  color: {
    schema: flag(),
    description: "Whether the text has colors.",
    defaultText: "whether standard output is a terminal that supports colors",
  },
};

export const PICTURE_OPTIONS: OptionTable<ReportPictureOptions> = {
  width: {
    schema: numberFrom(1, 10_000),
    description: "The width in pixels. A smaller value than 280 counts as 280.",
    default: 1_000,
  },
  theme: {
    schema: choice<"light" | "dark" | "auto">(["light", "dark", "auto"]),
    description: 'The colors. `"auto"` uses those that the reader prefers.',
    default: "auto",
  },
};
