import { parseArgs } from "node:util";
import { ENTRY_POINTS, extract } from "./extract.ts";
import { writePages } from "./write-pages.ts";

// Compares the public types of each entry point with its committed report in packages/harness/api, and the pages of the reference
// that are written from the docstrings with docs/reference. A change of the public types is thereby visible in the diff of a commit.
// `--update` writes the reports and the pages again.

const { values } = parseArgs({ options: { update: { type: "boolean", default: false } } });
const entries = ENTRY_POINTS.map((entry) => extract(entry, values));
const changed = entries.flatMap(({ entry, hasChanged }) => (hasChanged ? [entry] : []));
const outdated = writePages(
  entries.map(({ model }) => model),
  values,
);

if (!values.update && changed.length + outdated.length > 0) {
  if (changed.length > 0) console.log(`The public types have changed: ${changed.join(", ")}.`);
  if (outdated.length > 0) console.log(`Pages of the reference are outdated: ${outdated.join(", ")}.`);
  console.log(
    "If that is intended, run `./dev node test/api/check.ts --update` and commit packages/harness/api and docs/reference. " +
      "If the types have not been changed, the build is outdated: run `./dev clean` first.",
  );
  process.exitCode = 1;
}
